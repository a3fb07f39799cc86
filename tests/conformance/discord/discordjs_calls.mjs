// Calls the methods of discord.js whose routes the stand-in has, and prints how many passed and which failed.
import { createInterface } from 'node:readline';
import { Client, Events, GatewayIntentBits, MessageFlags } from 'discord.js';

const lines = createInterface({ input: process.stdin });
const given = JSON.parse((await lines[Symbol.asyncIterator]().next()).value);
const { channel: CHANNEL, guild: GUILD, user: USER } = given;
const client = new Client({ intents: [GatewayIntentBits.Guilds], rest: { api: `${given.url}/api` } });
const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve));
await client.login(given.token);
await ready;

const force = { force: true };
const failed = {};
let passed = 0;

/** Make a call; its result, or undefined if it failed. */
async function call(name, work) {
  try {
    const result = await work();
    passed += 1;
    return result;
  } catch (error) {
    failed[name] = error.code ?? String(error);
    return undefined;
  }
}

async function post(path, body) {
  const options = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  return (await fetch(given.url + path, options)).json();
}

const file = (name) => ({ attachment: Buffer.from('x'), name });
const row = { type: 1, components: [{ type: 2, style: 1, label: 'B', custom_id: 'b' }] };
const { application: app } = client;

await call('application.fetch', () => app.fetch());
await call('application.edit', () => app.edit({ description: 'x' }));
await call('guilds.fetch', () => client.guilds.fetch());
const guild = await call('guild.fetch', () => client.guilds.fetch({ guild: GUILD, ...force }));
for (const name of ['channels', 'emojis', 'stickers', 'invites', 'scheduledEvents']) await call(`${name}.fetch`, () => guild[name].fetch());
await call('fetchActiveThreads', () => guild.channels.fetchActiveThreads());
await call('guild.fetchWebhooks', () => guild.fetchWebhooks());
await call('members.fetch', () => guild.members.fetch({ user: USER, ...force }));
await call('members.list', () => guild.members.list({ limit: 10 }));
await call('members.search', () => guild.members.search({ query: 'a' }));
await call('members.fetchMe', () => guild.members.fetchMe(force));
const roles = await call('roles.fetch', () => guild.roles.fetch());
await call('role.fetch', () => guild.roles.fetch(roles.first().id, force));

const channel = await call('channel.fetch', () => client.channels.fetch(CHANNEL, force));
await call('sendTyping', () => channel.sendTyping());
const message = await call('send', () => channel.send({ content: 'x', embeds: [{ title: 't' }], files: [file('a.txt')], components: [row] }));
await call('send of components alone', () => channel.send({ flags: MessageFlags.IsComponentsV2, components: [{ type: 10, content: 'x' }] }));
await call('reply', () => message.reply('x'));
await call('edit', () => message.edit('y'));
await call('suppressEmbeds', () => message.suppressEmbeds(true));
await call('removeAttachments', () => message.removeAttachments());
await call('message.fetch', () => message.fetch(true));
await call('messages.fetch', () => channel.messages.fetch({ limit: 5 }));
await call('forward', () => message.forward(channel));
await call('pin', () => message.pin());
await call('fetchPins', () => channel.messages.fetchPins());
await call('unpin', () => message.unpin());
const liked = await call('react', () => message.react('👍'));
await call('reaction.users.fetch', () => liked.users.fetch());
await call('reaction.users.remove', () => liked.users.remove(client.user));
const disliked = await call('react', () => message.react('👎'));
await call('reaction.remove', () => disliked.remove());
await call('reactions.removeAll', () => message.reactions.removeAll());
const more = [];
for (let n = 0; n < 3; n += 1) more.push(await call('send', () => channel.send('x')));
await call('bulkDelete', () => channel.bulkDelete(more.slice(1)));
await call('delete', () => more[0].delete());

const webhook = await call('createWebhook', () => channel.createWebhook({ name: 'w' }));
await call('fetchWebhooks', () => channel.fetchWebhooks());
await call('fetchWebhook', () => client.fetchWebhook(webhook.id));
await call('fetchWebhook with its token', () => client.fetchWebhook(webhook.id, webhook.token));
await call('webhook.edit', () => webhook.edit({ name: 'z' }));
const posted = await call('webhook.send', () => webhook.send({ content: 'x', username: 'u', files: [file('a.txt')] }));
await call('webhook.editMessage', () => webhook.editMessage(posted, 'y'));
await call('webhook.fetchMessage', () => webhook.fetchMessage(posted.id));
await call('webhook.deleteMessage', () => webhook.deleteMessage(posted));
await call('webhook.delete', () => webhook.delete());
const user = await call('users.fetch', () => client.users.fetch(USER, force));
await call('createDM', () => user.createDM(true));
await call('user.send', () => user.send('x'));

const option = { type: 3, name: 'prompt', description: 'p', required: true, autocomplete: true };
for (const guildId of [GUILD, undefined]) {
  const { commands } = app;
  await call('commands.set', () => commands.set([{ name: 'imagine', description: 'd', options: [option] }], guildId));
  const made = await call('commands.create', () => commands.create({ name: 'other', description: 'd' }, guildId));
  await call('commands.fetch', () => commands.fetch(made.id, { guildId, ...force }));
  await call('commands.fetch of all', () => commands.fetch({ guildId }));
  await call('commands.edit', () => commands.edit(made.id, { description: 'e' }, guildId));
  await call('commands.delete', () => commands.delete(made.id, guildId));
}
await call('permissions.fetch', () => guild.commands.permissions.fetch({}));
const sku = await post('/control/skus', { name: 'Pro', type: 3 });
await call('fetchSKUs', () => app.fetchSKUs());
const bought = await call('entitlements.createTest', () => app.entitlements.createTest({ sku: sku.id, user: USER }));
await call('entitlements.fetch', () => app.entitlements.fetch());
await call('entitlement.fetch', () => app.entitlements.fetch({ entitlement: bought.id, ...force }));
await call('entitlements.consume', () => app.entitlements.consume(bought.id));
await call('entitlements.deleteTest', () => app.entitlements.deleteTest(bought.id));

/** Have a user act, and respond; the result of the interaction. */
async function act(action, respond) {
  const responded = new Promise((resolve, reject) => {
    client.once(Events.InteractionCreate, (interaction) => respond(interaction).then(resolve, reject));
  });
  const sent = post('/control/interactions', action);
  await responded;
  return sent;
}

const command = { command: 'imagine', options: { prompt: 'x' } };
const { message_id } = await act(command, async (interaction) => {
  await call('interaction.reply', () => interaction.reply({ content: 'x', withResponse: true, components: [row] }));
  await call('fetchReply', () => interaction.fetchReply());
  await call('editReply', () => interaction.editReply({ content: 'y', files: [file('a.png')] }));
  const followed = await call('followUp', () => interaction.followUp({ content: 'x', flags: MessageFlags.Ephemeral }));
  await call('fetchReply of a follow-up', () => interaction.fetchReply(followed.id));
  await call('editReply of a follow-up', () => interaction.editReply({ message: followed.id, content: 'y' }));
  await call('deleteReply of a follow-up', () => interaction.deleteReply(followed.id));
});
const click = { message_id, custom_id: 'b' };
const input = { type: 4, custom_id: 'i', label: 'L', style: 1 };
const form = { title: 'T', custom_id: 'm', components: [{ type: 1, components: [input] }] };
await act(click, (interaction) => call('showModal', () => interaction.showModal(form)));
await act(click, (interaction) => call('update', () => interaction.update({ content: 'z', withResponse: true })));
await act(click, (interaction) => call('deferUpdate', () => interaction.deferUpdate()));
await act({ ...command, focused: 'prompt' }, (interaction) => call('respond', () => interaction.respond([{ name: 'a', value: 'b' }])));
await act(command, async (interaction) => {
  await call('deferReply', () => interaction.deferReply());
  await call('deleteReply', () => interaction.deleteReply());
});

console.log(JSON.stringify({ passed, failed }));
lines.close();
await client.destroy();

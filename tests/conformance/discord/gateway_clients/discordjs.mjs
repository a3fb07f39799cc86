// A bot of discord.js on the Gateway: only the address of its REST client is replaced.
import { createInterface } from 'node:readline';
import { ApplicationCommandOptionType, Client, Events, GatewayIntentBits } from 'discord.js';

const lines = createInterface({ input: process.stdin });
const given = JSON.parse((await lines[Symbol.asyncIterator]().next()).value);
const client = new Client({
  intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages],
  rest: { api: `${given.url}/api` },
});

client.once(Events.ClientReady, async () => {
  const prompt = { type: ApplicationCommandOptionType.String, name: 'prompt', description: '…', required: true };
  await client.application.commands.set([{ name: 'imagine', description: 'Make a picture', options: [prompt] }]);
  const guild = client.guilds.cache.first();
  console.log(`ready ${client.user.username} ${guild.name} ${guild.channels.cache.size}`);
});
client.on(Events.ShardResume, () => console.log('resumed'));
client.on(Events.MessageCreate, (message) => console.log(`message ${message.guild?.name} ${message.content}`));
client.on(Events.InteractionCreate, async (interaction) => {
  await interaction.reply(`Drawing ${interaction.options.getString('prompt')}`);
  await interaction.editReply({ content: 'Done', files: [{ attachment: Buffer.from('picture'), name: 'a.png' }] });
  const more = await interaction.followUp('More');
  await interaction.deleteReply(more);
  console.log(`handled ${interaction.id} ${interaction.user.username}`);
});

lines.on('close', () => client.destroy());
await client.login(given.token);

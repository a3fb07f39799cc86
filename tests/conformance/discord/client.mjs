// Runs @discordjs/rest against the stand-in and prints the names of the passed checks.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { REST, DiscordAPIError } from '@discordjs/rest';
import {
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ButtonStyle,
  ComponentType,
  InteractionResponseType,
  MessageFlags,
  RESTJSONErrorCodes,
  Routes,
} from 'discord-api-types/v10';

const given = JSON.parse(readFileSync(0, 'utf8'));
const rest = new REST({ version: '10', api: `${given.url}/api` }).setToken(given.botToken);
const channel = '1400000000000000001';
const guild = '1300000000000000001';
const passed = [];

async function check(name, work) {
  await work();
  passed.push(name);
}

async function refused(work, code) {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof DiscordAPIError, String(error));
    assert.equal(error.code, code);
    return true;
  });
}

const command = {
  name: 'imagine',
  description: 'Make pictures',
  type: ApplicationCommandType.ChatInput,
  options: [
    {
      type: ApplicationCommandOptionType.String,
      name: 'prompt',
      description: 'What to draw',
      required: true,
    },
  ],
};

await check('commands are registered, global and in a guild', async () => {
  const [made] = await rest.put(Routes.applicationCommands(given.applicationId), { body: [command] });
  assert.equal(made.name, 'imagine');
  const edited = await rest.patch(Routes.applicationCommand(given.applicationId, made.id), {
    body: { nsfw: true },
  });
  assert.equal(edited.nsfw, true);
  await rest.put(Routes.applicationGuildCommands(given.applicationId, guild), { body: [command] });
  await rest.delete(Routes.applicationCommand(given.applicationId, made.id));
  assert.deepEqual(await rest.get(Routes.applicationCommands(given.applicationId)), []);
});

await check('the error of a refused command names the field and the reason', async () => {
  const body = [{ ...command, name: 'UPPER' }];
  await assert.rejects(
    rest.put(Routes.applicationCommands(given.applicationId), { body }),
    (error) => {
      assert.equal(error.code, RESTJSONErrorCodes.InvalidFormBodyOrContentType);
      assert.match(error.message, /0\.name\[APPLICATION_COMMAND_INVALID_NAME\]/);
      return true;
    },
  );
});

await check('the original response is edited with files', async () => {
  const edited = await rest.patch(Routes.webhookMessage(given.applicationId, given.token), {
    auth: false,
    body: {
      content: 'Done',
      attachments: [{ id: 0, description: 'a circle' }],
      components: [
        {
          type: ComponentType.ActionRow,
          components: [
            { type: ComponentType.Button, style: ButtonStyle.Primary, label: 'U1', custom_id: 'u' },
          ],
        },
      ],
    },
    files: [{ name: 'a.png', data: Buffer.from('bytes'), contentType: 'image/png' }],
  });
  assert.equal(edited.attachments[0].filename, 'a.png');
  assert.equal(edited.attachments[0].description, 'a circle');
  const served = await fetch(edited.attachments[0].url);
  assert.equal(await served.text(), 'bytes');
});

await check('a follow-up is created, read and deleted', async () => {
  const made = await rest.post(Routes.webhook(given.applicationId, given.token), {
    auth: false,
    body: { content: 'More', flags: MessageFlags.Ephemeral },
  });
  const path = Routes.webhookMessage(given.applicationId, given.token, made.id);
  assert.equal((await rest.get(path, { auth: false })).content, 'More');
  await rest.delete(path, { auth: false });
  await refused(rest.get(path, { auth: false }), RESTJSONErrorCodes.UnknownMessage);
});

await check('an answered interaction cannot be answered again', async () => {
  await refused(
    rest.post(Routes.interactionCallback(given.interactionId, given.token), {
      auth: false,
      body: { type: InteractionResponseType.ChannelMessageWithSource, data: { content: 'x' } },
    }),
    RESTJSONErrorCodes.InteractionHasAlreadyBeenAcknowledged,
  );
});

await check('a wrong token is an invalid webhook token', async () => {
  await refused(
    rest.get(Routes.webhookMessage(given.applicationId, 'nobody'), { auth: false }),
    RESTJSONErrorCodes.InvalidWebhookToken,
  );
});

await check('the rate limit of a bucket is obeyed', async () => {
  for (let n = 0; n < 7; n += 1) {
    await rest.post(Routes.channelMessages(channel), { body: { content: String(n) } });
  }
  const listed = await rest.get(Routes.channelMessages(channel), {
    query: new URLSearchParams({ limit: '3' }),
  });
  assert.deepEqual(listed.map((message) => message.content), ['6', '5', '4']);
});

await check('a request is repeated after a 429', async () => {
  const plan = { faults: { rate_limited: { count: 1, seconds: 0.2 } } };
  const put = { method: 'PUT', headers: { 'Content-Type': 'application/json' } };
  await fetch(`${given.url}/control/chaos`, { ...put, body: JSON.stringify(plan) });
  assert.equal((await rest.get(Routes.user())).bot, true);
});

console.log(JSON.stringify(passed));

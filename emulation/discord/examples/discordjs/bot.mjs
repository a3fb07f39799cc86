import { Client, Events, GatewayIntentBits } from 'discord.js';

const rest = { api: process.env.DISCORD_API ?? 'https://discord.com/api' };
const client = new Client({ intents: [GatewayIntentBits.Guilds], rest });

client.once(Events.ClientReady, () =>
  client.application.commands.set([{ name: 'roll', description: 'Roll a die' }]));
client.on(Events.InteractionCreate, (interaction) =>
  interaction.reply(`${interaction.user.username} rolled ${1 + Math.floor(Math.random() * 6)}`));
await client.login(process.env.DISCORD_TOKEN);

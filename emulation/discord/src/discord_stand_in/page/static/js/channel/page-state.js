/** The state of the channel page: users, channels, commands, and the messages of every channel. */

/** https://docs.discord.com/developers/resources/channel#channel-object-channel-types */
export const CATEGORY = 4;
const ADMINISTRATOR = 8n;
const MESSAGE_EVENTS = new Set(["message_created", "message_updated"]);

/** Emits `messages` and `trimmed` (detail: channel id), `commands`, `endpoint`, `status` and `snapshot`. */
export class PageState extends EventTarget {
  users = new Map();
  channels = new Map();
  guild = null;
  application = null;
  endpoint = { url: null, removed_because: null };
  commands = { global: [], guilds: {} };
  defaults = { user: null, channel: null };
  status = "connecting";
  loaded = false;
  /** The folder of the checkout that this stand-in runs from. */
  checkout = "";
  limits = {};
  #messages = new Map();
  #trimmed = new Set();

  /** The application's bot as a user. */
  get bot() {
    return { id: this.application.id, username: this.application.name, bot: true };
  }

  onSnapshot(snapshot) {
    const { directory } = snapshot;
    this.users = new Map(directory.users.map((user) => [user.id, user]));
    this.channels = new Map(directory.channels.map((channel) => [channel.id, channel]));
    this.guild = directory.guild;
    this.application = snapshot.application;
    this.checkout = snapshot.checkout;
    this.limits = snapshot.limits;
    this.#trimmed = new Set(snapshot.trimmed_channel_ids);
    this.endpoint = snapshot.endpoint;
    const hasOtherCommands = this.loaded && JSON.stringify(this.commands) !== JSON.stringify(snapshot.commands);
    this.commands = snapshot.commands;
    this.defaults = { user: directory.default_user_id, channel: directory.default_channel_id };
    this.#messages = new Map(
      Object.entries(snapshot.messages).map(([id, list]) => [id, new Map(list.map((message) => [message.id, message]))]),
    );
    this.loaded = true;
    this.#emit("snapshot");
    if (hasOtherCommands) this.#emit("commands");
  }

  /** Apply an event; returns true if it names something unknown, so that a new snapshot is needed. */
  onEvent(name, data) {
    if (MESSAGE_EVENTS.has(name)) return this.#keepMessage(data.message);
    if (name === "directory") return true;
    if (name === "message_deleted") this.#removeMessage(data.message.channel_id, data.message.id);
    if (name === "message_forgotten") this.#forgetMessage(data.channel_id, data.message_id);
    if (name === "commands") {
      this.commands = data.commands;
      this.#emit("commands");
    }
    if (name === "endpoint") {
      this.endpoint = data;
      this.#emit("endpoint");
    }
    return false;
  }

  onStatus(status) {
    this.status = status;
    this.#emit("status");
  }

  /** The messages of a channel that a user can see, oldest first. */
  messages(channelId, userId) {
    const all = [...(this.#messages.get(channelId)?.values() ?? [])];
    return all.filter(({ ephemeral_for: onlyFor }) => !onlyFor || onlyFor === userId);
  }

  /** Whether the oldest messages of a channel are no longer kept. */
  isTrimmed(channelId) {
    return this.#trimmed.has(channelId);
  }

  message(channelId, id) {
    return this.#messages.get(channelId)?.get(id);
  }

  /** The guild's channels in order: those without a category first, each with its threads or channels below it. */
  guildChannels() {
    const all = [...this.channels.values()].filter((channel) => channel.guild_id);
    const order = (a, b) => (a.type === CATEGORY) - (b.type === CATEGORY) || (a.position ?? 0) - (b.position ?? 0);
    const below = (id) => all.filter((channel) => (channel.parent_id ?? null) === id).sort(order).flatMap((channel) => [channel, ...below(channel.id)]);
    return below(null);
  }

  /** Whether a channel is age-restricted; a thread is if its channel is. */
  isAgeRestricted(channel) {
    return Boolean(channel.nsfw || (channel.thread_metadata && this.channels.get(channel.parent_id)?.nsfw));
  }

  /** The user's DM with the application; null before its first message. */
  dm(userId) {
    return [...this.channels.values()].find((channel) => channel.type === 1 && channel.recipients?.[0]?.id === userId) ?? null;
  }

  /** The commands of a type that a user can use in a channel; a guild's own hide global ones of the same name. */
  usableCommands({ channel, user }, type = 1) {
    const context = channel.guild_id ? 0 : 1;
    const own = channel.guild_id ? (this.commands.guilds[channel.guild_id] ?? []) : [];
    const byName = new Map([...this.commands.global, ...own].filter((command) => (command.type ?? 1) === type).map((command) => [command.name, command]));
    return [...byName.values()]
      .filter((command) => !command.contexts || command.contexts.includes(context))
      .filter((command) => !command.nsfw || !channel.guild_id || this.isAgeRestricted(channel))
      .filter((command) => !channel.guild_id || this.#mayUse(user, command))
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  /**
   * Whether a member has the permissions that a command needs by default; administrators and the owner have all.
   *
   * https://docs.discord.com/developers/interactions/application-commands#application-command-permissions-object-using-default-permissions
   */
  #mayUse(user, { default_member_permissions: needed }) {
    if (needed === null || needed === undefined) return true;
    const has = BigInt(user?.permissions ?? 0);
    if (this.guild.owner_id === user?.id || has & ADMINISTRATOR) return true;
    return BigInt(needed) !== 0n && (has & BigInt(needed)) === BigInt(needed);
  }

  /** The names that mentions in a message show. */
  names = {
    user: (id) => {
      const user = this.users.get(id);
      if (user) return user.global_name || user.username;
      return id === this.application?.id ? this.application.name : "unknown-user";
    },
    role: (id) => this.guild?.roles.find((role) => role.id === id)?.name ?? "unknown-role",
    channel: (id) => this.channels.get(id)?.name ?? "unknown",
  };

  #keepMessage(message) {
    if (!this.channels.has(message.channel_id)) return true;
    const list = this.#messages.get(message.channel_id) ?? new Map();
    list.set(message.id, message);
    this.#messages.set(message.channel_id, list);
    this.#emit("messages", message.channel_id);
    return !message.author.bot && !this.users.has(message.author.id);
  }

  #removeMessage(channelId, id) {
    this.#messages.get(channelId)?.delete(id);
    this.#emit("messages", channelId);
  }

  #forgetMessage(channelId, id) {
    this.#removeMessage(channelId, id);
    if (this.#trimmed.has(channelId)) return;
    this.#trimmed.add(channelId);
    this.#emit("trimmed", channelId);
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** What the channel page knows: the world, the commands, and every channel's messages. */

const EPHEMERAL_TYPES = new Set(["message_created", "message_updated"]);

/** Emits `world`, `messages` (detail: channel id), `commands`, `endpoint`, `status` and `snapshot`. */
export class Store extends EventTarget {
  users = new Map();
  channels = new Map();
  guild = null;
  application = null;
  endpoint = { url: null, removed_because: null };
  commands = { global: [], guilds: {} };
  defaults = { user: null, channel: null };
  status = "connecting";
  loaded = false;
  #messages = new Map();

  onSnapshot(snapshot) {
    const { world } = snapshot;
    this.users = new Map(world.users.map((user) => [user.id, user]));
    this.channels = new Map(world.channels.map((channel) => [channel.id, channel]));
    this.guild = world.guild;
    this.application = snapshot.application;
    this.endpoint = snapshot.endpoint;
    this.commands = snapshot.commands;
    this.defaults = { user: world.default_user_id, channel: world.default_channel_id };
    this.#messages = new Map(
      Object.entries(snapshot.messages).map(([id, list]) => [id, new Map(list.map((one) => [one.id, one]))]),
    );
    this.loaded = true;
    this.#tell("snapshot");
  }

  /** Take an event in; true asks for a new snapshot, because it names what is not known. */
  onEvent(name, data) {
    if (EPHEMERAL_TYPES.has(name)) return this.#keep(data.message);
    if (name === "message_deleted") this.#remove(data.message);
    if (name === "commands") {
      this.commands = data.commands;
      this.#tell("commands");
    }
    if (name === "endpoint") {
      this.endpoint = data;
      this.#tell("endpoint");
    }
    return false;
  }

  onStatus(status) {
    this.status = status;
    this.#tell("status");
  }

  /** What a user sees of a channel, oldest first. */
  messages(channelId, userId) {
    const all = [...(this.#messages.get(channelId)?.values() ?? [])];
    return all.filter((one) => !one.ephemeral_for || one.ephemeral_for === userId);
  }

  message(channelId, id) {
    return this.#messages.get(channelId)?.get(id);
  }

  /** The guild's channels in order, each with its threads below it. */
  guildChannels() {
    const all = [...this.channels.values()].filter((one) => one.guild_id);
    const top = all.filter((one) => !one.parent_id).sort((a, b) => a.position - b.position);
    return top.flatMap((one) => [one, ...all.filter((thread) => thread.parent_id === one.id)]);
  }

  /** The user's DM with the application; null until something was said in it. */
  dm(userId) {
    return [...this.channels.values()].find((one) => one.type === 1 && one.recipients?.[0]?.id === userId) ?? null;
  }

  /** Commands of a type that can be used in a channel; a guild's own hide global ones of that name. */
  usableCommands(channel, type = 1) {
    const context = channel.guild_id ? 0 : 1;
    const own = channel.guild_id ? (this.commands.guilds[channel.guild_id] ?? []) : [];
    const named = new Map([...this.commands.global, ...own].filter((one) => (one.type ?? 1) === type).map((one) => [one.name, one]));
    return [...named.values()]
      .filter((one) => !one.contexts || one.contexts.includes(context))
      .filter((one) => !one.nsfw || !channel.guild_id || channel.nsfw)
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  /** What mentions in a message show. */
  names = {
    user: (id) => {
      const user = this.users.get(id);
      if (user) return user.global_name || user.username;
      return id === this.application?.id ? this.application.name : "unknown-user";
    },
    role: (id) => this.guild?.roles.find((role) => role.id === id)?.name ?? "unknown-role",
    channel: (id) => this.channels.get(id)?.name ?? "unknown",
  };

  #keep(message) {
    if (!this.channels.has(message.channel_id)) return true;
    const list = this.#messages.get(message.channel_id) ?? new Map();
    list.set(message.id, message);
    this.#messages.set(message.channel_id, list);
    this.#tell("messages", message.channel_id);
    return !message.author.bot && !this.users.has(message.author.id);
  }

  #remove(message) {
    this.#messages.get(message.channel_id)?.delete(message.id);
    this.#tell("messages", message.channel_id);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

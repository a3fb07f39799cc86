/** Who looks at which channel in this tab: kept in the address, so that every tab has its own. */

/** Stands for the DM with the application of a user who has not used it yet. */
export const NEW_DM = "dm";

/** Emits `change`. */
export class Session extends EventTarget {
  #store;
  userId = null;
  channelId = null;

  constructor(store) {
    super();
    this.#store = store;
    addEventListener("hashchange", () => this.settle());
  }

  get user() {
    return this.#store.users.get(this.userId);
  }

  get channel() {
    return this.#store.channels.get(this.channelId) ?? { id: NEW_DM, type: 1, guild_id: null };
  }

  get isDm() {
    return this.channel.type === 1;
  }

  /** Where an interaction of this tab happens, as the control API wants it. */
  get place() {
    const where = this.channelId === NEW_DM ? { guild_id: null } : { channel_id: this.channelId };
    return { user_id: this.userId, ...where };
  }

  /** Read the address; what it does not say, or says wrongly, is the default. */
  settle() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const { users, channels, defaults } = this.#store;
    const user = users.has(asked.get("user")) ? asked.get("user") : (this.userId ?? defaults.user);
    const named = asked.get("channel");
    const channel = named === NEW_DM || channels.has(named) ? named : (this.channelId ?? defaults.channel);
    this.#set(user, channel);
  }

  switchUser(userId) {
    this.#set(userId, this.isDm ? NEW_DM : this.channelId);
  }

  openChannel(channelId) {
    this.#set(this.userId, channelId);
  }

  #set(userId, channelId) {
    const channel = this.#store.channels.get(channelId);
    const isDm = channelId === NEW_DM || channel?.type === 1;
    const wanted = isDm ? (this.#store.dm(userId)?.id ?? NEW_DM) : channelId;
    const changed = userId !== this.userId || wanted !== this.channelId;
    this.userId = userId;
    this.channelId = wanted;
    history.replaceState(null, "", `#${new URLSearchParams({ channel: wanted, user: userId })}`);
    if (changed) this.dispatchEvent(new Event("change"));
  }
}

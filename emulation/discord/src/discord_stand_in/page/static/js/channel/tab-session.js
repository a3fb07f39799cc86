/** The user and the channel of this tab: kept in the address, so that every tab has its own. */

import { LOCALES } from "/js/channel/locales.js";

/** Stands for the DM with the application of a user who has not used it yet. */
export const NEW_DM = "dm";

/** Emits `change` (detail: `isSamePlace`, if a DM that the user is in has got its channel). */
export class TabSession extends EventTarget {
  #state;
  userId = null;
  channelId = null;
  #chosenLocale = null;

  constructor(state) {
    super();
    this.#state = state;
    addEventListener("hashchange", () => this.readAddress());
  }

  get user() {
    return this.#state.users.get(this.userId);
  }

  get channel() {
    return this.#state.channels.get(this.channelId) ?? { id: NEW_DM, type: 1, guild_id: null };
  }

  get isDm() {
    return this.channel.type === 1;
  }

  /** The language of the client: the one that was chosen in this tab, else the user's. */
  get locale() {
    return this.#chosenLocale ?? this.user?.locale ?? "en-US";
  }

  /** The user, the language and the place of this tab's interactions, as fields of a user action. */
  get place() {
    const channel = this.channelId === NEW_DM ? { guild_id: null } : { channel_id: this.channelId };
    return { user_id: this.userId, locale: this.locale, ...channel };
  }

  /** Read the address; what is missing or unknown in it gets its default. */
  readAddress() {
    const parameters = new URLSearchParams(location.hash.slice(1));
    const { users, channels, defaults } = this.#state;
    const user = users.has(parameters.get("user")) ? parameters.get("user") : (this.userId ?? defaults.user);
    const channelId = parameters.get("channel");
    const channel = channelId === NEW_DM || channels.has(channelId) ? channelId : (channels.has(this.channelId) ? this.channelId : defaults.channel);
    const locale = parameters.get("locale");
    this.#set(user, channel, LOCALES.includes(locale) ? locale : this.#chosenLocale);
  }

  switchUser(userId) {
    // Another user has a client of another language.
    this.#chosenLocale = null;
    this.#set(userId, this.isDm ? NEW_DM : this.channelId);
  }

  openChannel(channelId) {
    this.#set(this.userId, channelId);
  }

  chooseLocale(locale) {
    this.#set(this.userId, this.channelId, locale);
  }

  #set(userId, channelId, chosenLocale = this.#chosenLocale) {
    const channel = this.#state.channels.get(channelId);
    const isDm = channelId === NEW_DM || channel?.type === 1;
    const actualId = isDm ? (this.#state.dm(userId)?.id ?? NEW_DM) : channelId;
    const isSamePlace = userId === this.userId && this.channelId === NEW_DM && isDm && chosenLocale === this.#chosenLocale;
    const isChanged = userId !== this.userId || actualId !== this.channelId || chosenLocale !== this.#chosenLocale;
    this.#chosenLocale = chosenLocale;
    this.userId = userId;
    this.channelId = actualId;
    history.replaceState(null, "", `#${new URLSearchParams({ channel: actualId, user: userId, ...(chosenLocale && { locale: chosenLocale }) })}`);
    if (isChanged) this.dispatchEvent(new CustomEvent("change", { detail: { isSamePlace } }));
  }
}

/** The interactions that this tab has sent, and the local messages that Discord's client shows of them. */

import { interact } from "/js/control-api.js";
import { announce } from "/js/dom.js";
import { NEW_DM } from "/js/channel/tab-session.js";

const LOADING = 128;
const EPHEMERAL = 64;
const CHAT_INPUT = 20;
const CONTEXT_MENU = 23;
const MODAL = 9;

/** Interactions that wait for a response, and those that failed. */
export class SentInteractions {
  #state;
  #session;
  #onChange;
  #openModal;
  #local = [];
  #idCount = 0;

  /** `onChange()` is called when local messages change; `openModal(interactionId, data)` when a response is a modal. */
  constructor(state, session, onChange, openModal) {
    this.#state = state;
    this.#session = session;
    this.#onChange = onChange;
    this.#openModal = openModal;
  }

  /** The local messages of the channel and the user that the tab shows. */
  messages() {
    const { channelId, userId, isDm } = this.#session;
    // A DM gets its channel with the first message.
    const isHere = (message) => message.channel_id === channelId || (message.channel_id === NEW_DM && isDm);
    const own = this.#local.filter((message) => isHere(message) && message.ephemeral_for === userId);
    return own.filter((message) => !this.#hasArrived(message));
  }

  /** Whether the response is here already: an event can overtake the result of the request. */
  #hasArrived(waiting) {
    if (!(waiting.flags & LOADING)) return false;
    const { user, name } = waiting.interaction_metadata;
    return this.#state.messages(this.#session.channelId, user.id).some((message) => {
      const metadata = message.interaction_metadata;
      return metadata?.user?.id === user.id && metadata.name === name.split(" ")[0] && BigInt(message.id) > waiting.local.after;
    });
  }

  dismiss(message) {
    this.#local = this.#local.filter((local) => local.id !== message.id);
    this.#onChange();
  }

  /** Send a command; a local message shows that it is being sent, then its error, if any. */
  async sendCommand(action, name) {
    const waiting = this.#waitingMessage(name, action.command_type ?? 1);
    this.#local.push(waiting);
    this.#onChange();
    const result = await interact(action).catch((error) => ({ notice: error.message }));
    this.#local = this.#local.filter((message) => message !== waiting);
    if (result.notice) {
      announce(result.notice);
      this.#local.push({ ...waiting, id: `${waiting.id}-failed`, flags: EPHEMERAL, local: { error: result.notice } });
    }
    this.#onChange();
    this.handleResult(result);
  }

  /** Click a component; returns Discord's notice if that failed, else nothing. */
  async clickComponent(message, customId, values) {
    const action = { user_id: this.#session.userId, locale: this.#session.locale, channel_id: message.channel_id, message_id: message.id, custom_id: customId };
    const result = await interact(values ? { ...action, values } : action).catch((error) => ({ notice: error.message }));
    this.handleResult(result);
    return result.notice ?? "";
  }

  /** Open the modal that a response asks for. */
  handleResult(result) {
    if (result.response_type === MODAL) this.#openModal(result.interaction_id, result.response.data);
  }

  #waitingMessage(name, commandType) {
    const { user, channelId, userId } = this.#session;
    return {
      id: `local-${(this.#idCount += 1)}`,
      channel_id: channelId,
      type: commandType === 1 ? CHAT_INPUT : CONTEXT_MENU,
      author: this.#state.bot,
      timestamp: new Date().toISOString(),
      content: "", embeds: [], attachments: [], components: [],
      flags: LOADING,
      interaction_metadata: { user, name },
      ephemeral_for: userId,
      local: { after: BigInt(this.#state.messages(channelId, userId).at(-1)?.id ?? 0) },
    };
  }
}

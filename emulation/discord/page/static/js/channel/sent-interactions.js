/** What this tab has sent and what its user alone is told of it, as Discord's client does. */

import { interact } from "/js/control-api.js";
import { announce } from "/js/dom.js";

const LOADING = 128;
const EPHEMERAL = 64;
const CHAT_INPUT = 20;
const CONTEXT_MENU = 23;
const MODAL = 9;

/** Interactions on their way, and those that failed. */
export class Sent {
  #store;
  #session;
  #changed;
  #openModal;
  #local = [];
  #numbers = 0;

  /** `changed()`: the list must be drawn; `openModal(interactionId, data)`. */
  constructor(store, session, changed, openModal) {
    this.#store = store;
    this.#session = session;
    this.#changed = changed;
    this.#openModal = openModal;
  }

  /** Messages that only this tab knows, of the channel and user it shows now. */
  messages() {
    const { channelId, userId } = this.#session;
    const own = this.#local.filter((one) => one.channel_id === channelId && one.ephemeral_for === userId);
    return own.filter((one) => !this.#hasArrived(one));
  }

  /** Whether the answer is here already: events overtake the reply to what was sent. */
  #hasArrived(waiting) {
    if (!(waiting.flags & LOADING)) return false;
    const { user, name } = waiting.interaction_metadata;
    return this.#store.messages(waiting.channel_id, user.id).some((one) => {
      const about = one.interaction_metadata;
      return about?.user?.id === user.id && about.name === name.split(" ")[0] && BigInt(one.id) > waiting.local.after;
    });
  }

  dismiss(message) {
    this.#local = this.#local.filter((one) => one.id !== message.id);
    this.#changed();
  }

  /** Send a command; shows that it is being sent until there is an answer, or what went wrong. */
  async command(asked, name) {
    const waiting = this.#waiting(name, asked.command_type ?? 1);
    this.#local.push(waiting);
    this.#changed();
    const result = await interact(asked).catch((error) => ({ notice: error.message }));
    this.#local = this.#local.filter((one) => one !== waiting);
    if (result.notice) {
      announce(result.notice);
      this.#local.push({ ...waiting, id: `${waiting.id}-failed`, flags: EPHEMERAL, local: { error: result.notice } });
    }
    this.#changed();
    this.answered(result);
  }

  /** Press a component; what Discord says if that failed, else nothing. */
  async press(message, customId, values) {
    const asked = { user_id: this.#session.userId, channel_id: message.channel_id, message_id: message.id, custom_id: customId };
    const result = await interact(values ? { ...asked, values } : asked).catch((error) => ({ notice: error.message }));
    this.answered(result);
    return result.notice ?? "";
  }

  /** Act on an answer that is no message. */
  answered(result) {
    if (result.response_type === MODAL) this.#openModal(result.interaction_id, result.response.data);
  }

  #waiting(name, commandType) {
    const { application } = this.#store;
    const { user, channelId, userId } = this.#session;
    return {
      id: `local-${(this.#numbers += 1)}`,
      channel_id: channelId,
      type: commandType === 1 ? CHAT_INPUT : CONTEXT_MENU,
      author: { id: application.id, username: application.name, bot: true },
      timestamp: new Date().toISOString(),
      content: "", embeds: [], attachments: [], components: [],
      flags: LOADING,
      interaction_metadata: { user, name },
      ephemeral_for: userId,
      local: { after: BigInt(this.#store.messages(channelId, userId).at(-1)?.id ?? 0) },
    };
  }
}

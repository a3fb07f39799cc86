/** The channel page: wires the store, this tab's session and the parts of the page. */

import { byId, h, icon } from "/js/dom.js";
import { avatar } from "/js/users.js";
import { Live } from "/js/live-updates.js";
import { Composer } from "/js/channel/composer.js";
import { ContextMenu, placeOf } from "/js/channel/context-menu.js";
import { Lightbox } from "/js/channel/lightbox.js";
import { MessageList, fillJump, tell } from "/js/channel/message-list.js";
import { ModalForm } from "/js/channel/modal-form.js";
import { fixedChoices } from "/js/channel/command-options.js";
import { Sent } from "/js/channel/sent-interactions.js";
import { NEW_DM, Session } from "/js/channel/tab-session.js";
import { Sidebar } from "/js/channel/sidebar.js";
import { Store } from "/js/channel/page-state.js";

const USER_COMMAND = 2;
const MESSAGE_COMMAND = 3;

const store = new Store();
const session = new Session(store);
const unread = new Set();
const dismissed = new Set();
const lightbox = new Lightbox();
const context = new ContextMenu();
const lists = (component) => fixedChoices({ ...component, choices: null, type: OPTION_TYPES[component.type] }, store, session.channel);
const modal = new ModalForm(lists);
const sent = new Sent(store, session, () => list.refresh(), openModal);

/** Menus of users, roles, mentionables and channels hold what options of these types take. */
const OPTION_TYPES = { 5: 6, 6: 8, 7: 9, 8: 7 };

const list = new MessageList({
  names: store.names,
  lists,
  messages: () => [...store.messages(session.channelId, session.userId).filter((one) => !dismissed.has(one.id)), ...sent.messages()],
  find: (id) => store.message(session.channelId, id),
  jump: (id) => list.jumpTo(id),
  open: (pictures, index) => lightbox.open(pictures, index),
  press: (message, customId, values) => sent.press(message, customId, values),
  hasCommands: () => store.usableCommands(session.channel, MESSAGE_COMMAND).length > 0,
  menu: (event, button, message) => openMenu(event, button, MESSAGE_COMMAND, message.id, "Apps"),
  colour: roleColour,
  dismiss: (message) => {
    dismissed.add(message.id);
    sent.dismiss(message);
    composer.focus();
  },
});
const sidebar = new Sidebar(store, session, unread, {
  colour: roleColour,
  menu: (event, button, user) => openMenu(event, button, USER_COMMAND, user.id, `Apps for ${user.global_name || user.username}`),
});
const composer = new Composer(store, session, (asked, leaf) => {
  list.toBottom();
  sent.command(asked, leaf.path);
});

/** Offer the commands on a message or a person. */
function openMenu(event, button, commandType, targetId, title) {
  const commands = store.usableCommands(session.channel, commandType);
  const run = ({ name }) => sent.command({ ...session.place, command: name, command_type: commandType, target_id: targetId }, name);
  const bot = { id: store.application.id, username: store.application.name, bot: true };
  context.open(button, placeOf(event, button), { title, bot, commands, run, none: "The bot has no such commands" });
}

function openModal(interactionId, data) {
  modal.open(interactionId, data, store.application.name, session.userId, (result) => sent.answered(result));
}

function roleColour(user) {
  const roles = store.users.get(user.id)?.roles ?? [];
  const coloured = store.guild.roles.filter((role) => roles.includes(role.id) && role.color).sort((a, b) => b.position - a.position);
  return coloured.length ? `#${coloured[0].color.toString(16).padStart(6, "0")}` : "";
}

function drawPlace() {
  const { channel } = session;
  const isDm = channel.type === 1;
  const name = isDm ? store.application.name : channel.name;
  const symbol = isDm ? "at" : channel.nsfw ? "warning" : channel.parent_id ? "thread" : "hash";
  unread.delete(channel.id);
  document.title = `${isDm ? "@" : "#"}${name} · stand-in for Discord`;
  byId("place").replaceChildren(icon(symbol), h("h1", {}, name), channel.topic ? h("span", { class: "topic" }, channel.topic) : "");
  byId("scroller").setAttribute("aria-label", `Messages in ${name}`);
  const bot = { id: store.application.id, username: name, bot: true };
  byId("welcome").replaceChildren(
    isDm ? avatar(bot, "huge") : h("span", { class: "welcome-icon" }, icon(symbol)),
    h("p", { class: "welcome-title" }, isDm ? name : `Welcome to #${name}!`),
    h("p", { class: "muted" }, isDm ? `This is the beginning of your direct message history with ${name}.` : `This is the start of the #${name} channel.${channel.nsfw ? " It is age-restricted." : ""} Type / to use a command.`),
  );
}

function drawBanner() {
  const { url, removed_because: reason } = store.endpoint;
  const lost = store.status === "lost";
  const text = lost ? "Connection lost. Trying again…" : reason ? `The interactions endpoint URL was removed: ${reason}` : "No application listens yet: it has no interactions endpoint URL. Commands will not be answered.";
  byId("banner").hidden = !store.loaded ? !lost : Boolean(url) && !lost;
  byId("banner").textContent = text;
}

function drawAll() {
  list.clear();
  drawPlace();
  sidebar.draw();
  composer.refresh();
  list.draw();
}

const live = new Live({
  onSnapshot: (snapshot) => store.onSnapshot(snapshot),
  onStatus: (status) => store.onStatus(status),
  onEvent: (name, data) => {
    const isNews = name === "message_created" || name === "message_updated";
    const isHere = isNews && data.message.channel_id === session.channelId;
    const isSeen = isNews && (!data.message.ephemeral_for || data.message.ephemeral_for === session.userId);
    if (isNews && isSeen && !isHere) unread.add(data.message.channel_id);
    if (isHere && isSeen) tell(data.message);
    if (store.onEvent(name, data)) live.start();
  },
});

let drawn = false;
store.addEventListener("snapshot", () => {
  session.settle();
  if (!drawn) {
    drawn = true;
    drawAll();
    if (matchMedia("(hover: hover)").matches) composer.focus();
  } else {
    sidebar.draw();
    list.refresh();
  }
  drawBanner();
});
store.addEventListener("messages", (event) => {
  if (event.detail === session.channelId) list.refresh();
  else sidebar.draw();
});
store.addEventListener("commands", () => {
  if (!drawn) return;
  composer.refreshCommands();
  list.redraw();
});
store.addEventListener("endpoint", drawBanner);
store.addEventListener("status", drawBanner);
session.addEventListener("change", () => {
  // A draft does not survive a change of channel or user.
  if (drawn) composer.cancel(false);
  if (drawn) drawAll();
  if (session.channelId !== NEW_DM) unread.delete(session.channelId);
});

fillJump();
byId("to-operations").prepend(icon("chart"));
live.start();

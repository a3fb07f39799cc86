/** The channel page: connects its state, this tab's session and the parts of the page. */

import { byId, h, icon, whenReleased } from "/js/dom.js";
import { avatar } from "/js/users.js";
import { LiveUpdates } from "/js/live-updates.js";
import { Composer } from "/js/channel/composer.js";
import { ContextMenu, menuPosition } from "/js/channel/context-menu.js";
import { Lightbox } from "/js/channel/lightbox.js";
import { MessageList, announceMessage, drawJumpButton } from "/js/channel/message-list.js";
import { PromptExamples } from "/js/channel/prompt-examples.js";
import { receiveFiles } from "/js/channel/file-field.js";
import { ModalForm } from "/js/channel/modal-form.js";
import { fixedChoices, pickableCommands } from "/js/channel/command-options.js";
import { SentInteractions } from "/js/channel/sent-interactions.js";
import { NEW_DM, TabSession } from "/js/channel/tab-session.js";
import { Sidebar } from "/js/channel/sidebar.js";
import { PageState } from "/js/channel/page-state.js";

const USER_COMMAND = 2;
const MESSAGE_COMMAND = 3;

const state = new PageState();
const session = new TabSession(state);
const unread = new Set();
const dismissed = new Set();
const lightbox = new Lightbox(() => composer.focus());
const contextMenu = new ContextMenu();
const listOptions = (component) => fixedChoices({ ...component, choices: null, type: OPTION_TYPES[component.type] }, state, session.channel);
const modal = new ModalForm(listOptions, state, () => composer.focus());
const sent = new SentInteractions(state, session, onSent, openModal);

/** The option types whose values the select menus of users, roles, mentionables and channels offer. */
const OPTION_TYPES = { 5: 6, 6: 8, 7: 9, 8: 7 };

const list = new MessageList({
  names: state.names,
  listOptions,
  messages: () => [...state.messages(session.channelId, session.userId).filter((message) => !dismissed.has(message.id)), ...sent.messages()],
  find: (id) => state.message(session.channelId, id),
  jump: (id) => list.jumpTo(id),
  open: (pictures, index) => lightbox.open(pictures, index),
  click: (message, customId, values) => sent.clickComponent(message, customId, values),
  hasCommands: () => state.usableCommands(session, MESSAGE_COMMAND).length > 0,
  openMenu: (event, button, message) => openMenu(event, button, MESSAGE_COMMAND, message.id, "Apps"),
  colour: roleColour,
  lostFocus: () => composer.focus(),
  dismiss: (message) => {
    dismissed.add(message.id);
    sent.dismiss(message);
    composer.focus();
  },
});
const prompts = new PromptExamples((command, options) => sent.sendCommand({ ...session.place, command: command.path, options }, command.path));
const sidebar = new Sidebar(state, session, unread, {
  colour: roleColour,
  openMenu: (event, button, user) => openMenu(event, button, USER_COMMAND, user.id, `Apps for ${user.global_name || user.username}`),
});
const composer = new Composer(state, session, (action, command) => {
  list.scrollToBottom();
  sent.sendCommand(action, command.path);
});

function onSent() {
  drawPrompts();
  list.refresh();
}

/** Open the menu of the commands on a message or a user. */
function openMenu(event, button, commandType, targetId, title) {
  const commands = state.usableCommands(session, commandType);
  const run = ({ name }) => sent.sendCommand({ ...session.place, command: name, command_type: commandType, target_id: targetId }, name);
  contextMenu.open(button, menuPosition(event, button), { title, bot: state.bot, commands, run, emptyText: "The bot has no such commands" });
}

function openModal(interactionId, data) {
  modal.open(interactionId, data, state.application.name, session, (result) => sent.handleResult(result));
}

function roleColour(user) {
  const roles = state.users.get(user.id)?.roles ?? [];
  const coloured = state.guild.roles.filter((role) => roles.includes(role.id) && role.color).sort((a, b) => b.position - a.position);
  return coloured.length ? `#${coloured[0].color.toString(16).padStart(6, "0")}` : "";
}

function drawChannelHeader() {
  const { channel } = session;
  const isDm = channel.type === 1;
  const name = isDm ? state.application.name : channel.name;
  const isAgeRestricted = state.isAgeRestricted(channel);
  const symbol = isDm ? "at" : isAgeRestricted ? "warning" : channel.thread_metadata ? "thread" : "hash";
  unread.delete(channel.id);
  // The folder's name tells the stacks of several checkouts apart.
  document.title = [`${isDm ? "@" : "#"}${name}`, state.checkout, "stand-in for Discord"].filter(Boolean).join(" · ");
  byId("place").replaceChildren(icon(symbol), h("h1", {}, name), channel.topic ? h("span", { class: "topic" }, channel.topic) : "");
  byId("scroller").setAttribute("aria-label", `Messages in ${name}`);
  byId("welcome").replaceChildren(
    isDm ? avatar(state.bot, "huge") : h("span", { class: "welcome-icon" }, icon(symbol)),
    h("p", { class: "welcome-title" }, isDm ? name : `Welcome to #${name}!`),
    h("p", { class: "muted" }, beginning(channel, name)),
    prompts.element,
  );
  drawPrompts();
}

/** What is written above the first message that there is. */
function beginning(channel, name) {
  if (state.isTrimmed(channel.id)) return `Older messages are gone: the stand-in keeps the newest ${state.limits.kept}.`;
  if (channel.type === 1) return `This is the beginning of your direct message history with ${name}.`;
  return `This is the start of the #${name} channel.${state.isAgeRestricted(channel) ? " It is age-restricted." : ""} Type / to use a command.`;
}

/** Prompts to click on, while the channel is empty. */
function drawPrompts() {
  const isEmpty = !state.messages(session.channelId, session.userId).length && !sent.messages().length;
  prompts.draw(isEmpty ? state.usableCommands(session).flatMap((command) => pickableCommands(command, session.locale)) : []);
}

function drawBanner() {
  const { url, removed_because: reason } = state.endpoint;
  const isLost = state.status === "lost";
  const text = isLost ? "Connection lost. Trying again…" : reason ? `The interactions endpoint URL was removed: ${reason}` : "No application listens yet: it has no interactions endpoint URL. Commands will not be answered.";
  byId("banner").hidden = !state.loaded ? !isLost : Boolean(url) && !isLost;
  byId("banner").textContent = text;
}

function drawAll() {
  list.clear();
  drawChannelHeader();
  sidebar.draw();
  composer.refresh();
  list.draw();
}

const updates = new LiveUpdates({
  onSnapshot: (snapshot) => state.onSnapshot(snapshot),
  onStatus: (status) => state.onStatus(status),
  onEvent: (name, data) => {
    const isMessage = name === "message_created" || name === "message_updated";
    const isHere = isMessage && data.message.channel_id === session.channelId;
    const isVisible = isMessage && (!data.message.ephemeral_for || data.message.ephemeral_for === session.userId);
    if (isMessage && isVisible && !isHere) unread.add(data.message.channel_id);
    if (isHere && isVisible) announceMessage(data.message);
    if (state.onEvent(name, data)) updates.start();
  },
});

let isDrawn = false;
state.addEventListener("snapshot", () => {
  session.readAddress();
  if (!isDrawn) {
    isDrawn = true;
    drawAll();
    // Whoever has gone elsewhere meanwhile stays there.
    if (matchMedia("(hover: hover)").matches && document.activeElement === document.body) composer.focus();
    // What was typed before the commands were known is answered now.
    composer.refreshCommands();
  } else {
    whenReleased(() => {
      sidebar.draw();
      drawChannelHeader();
      composer.refresh();
    });
    list.refresh();
  }
  drawBanner();
});
state.addEventListener("messages", (event) => {
  if (event.detail !== session.channelId) {
    whenReleased(() => sidebar.draw());
    return;
  }
  drawPrompts();
  list.refresh();
});
state.addEventListener("trimmed", (event) => {
  if (event.detail === session.channelId) drawChannelHeader();
});
state.addEventListener("commands", () => {
  if (!isDrawn) return;
  composer.refreshCommands();
  drawPrompts();
  list.redraw();
});
state.addEventListener("endpoint", drawBanner);
state.addEventListener("status", drawBanner);
session.addEventListener("change", ({ detail: { isSamePlace } }) => {
  // A command that is being filled in is dropped with a change of channel or user.
  if (isDrawn && !isSamePlace) composer.cancel(false);
  if (isDrawn) drawAll();
  if (session.channelId !== NEW_DM) unread.delete(session.channelId);
});

receiveFiles(
  () => (modal.isOpen ? modal.fileField() : composer.fileField()),
  () => composer.refuseFiles(),
);
// A click on the mention of a command begins it.
document.addEventListener("click", ({ target }) => {
  const mention = target.closest?.("[data-command]");
  if (mention) composer.open(mention.dataset.command);
});
// Escape closes what is open, wherever the focus is; dialogs and menus that have the focus do so by themselves.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
  if (contextMenu.escape() || sidebar.escape() || composer.escape()) event.preventDefault();
});

drawJumpButton();
byId("to-operations").prepend(icon("chart"));
updates.start();

/** Components as a tree: their types, and what is found in them. */

export const TYPE = {
  ROW: 1, BUTTON: 2, STRING_SELECT: 3, TEXT_INPUT: 4, SECTION: 9, TEXT_DISPLAY: 10, THUMBNAIL: 11, MEDIA_GALLERY: 12, FILE: 13, SEPARATOR: 14,
  CONTAINER: 17, LABEL: 18, FILE_UPLOAD: 19, RADIO_GROUP: 21, CHECKBOX_GROUP: 22, CHECKBOX: 23,
};

/** Every component, each before those that it holds. */
export function walk(components) {
  return components.flatMap((component) => [component, ...walk(component.components ?? [])]);
}

/** What is written in a message: its content and its text displays. */
export function messageText(message) {
  const texts = walk(message.components).filter(({ type }) => type === TYPE.TEXT_DISPLAY);
  return [message.content, ...texts.map(({ content }) => content)].filter(Boolean).join("\n");
}

/** How many files a message shows. */
export function fileCount(message) {
  const shown = walk(message.components).map(({ type, items }) => (type === TYPE.MEDIA_GALLERY ? items.length : type === TYPE.FILE ? 1 : 0));
  return message.attachments.length + shown.reduce((sum, count) => sum + count, 0);
}

/** A key that changes when the view must be drawn again; fresh links to the same files keep it. */
export function componentsKey(components) {
  return JSON.stringify(components, (name, value) => (value?.attachment_id ? value.attachment_id : value));
}

/** The options of commands: their choices and limits, and parsing what was typed. */

import { fileTypesInWords } from "/js/channel/file-field.js";
import { inLanguage } from "/js/channel/locales.js";

export const TYPE = {
  SUBCOMMAND: 1, GROUP: 2, STRING: 3, INTEGER: 4, BOOLEAN: 5, USER: 6, CHANNEL: 7, ROLE: 8, MENTIONABLE: 9, NUMBER: 10, ATTACHMENT: 11,
};

const REQUIRED = "This option is required. Specify a value.";

/**
 * What a user can pick for a registered command, itself or its sub-commands: {path, label, description, options}.
 *
 * `path` is what is sent; `label` is the name in the user's language.
 */
export function pickableCommands(command, locale) {
  const options = command.options ?? [];
  const label = inLanguage(command.name_localizations, locale, command.name);
  const nested = options.filter((option) => option.type === TYPE.SUBCOMMAND || option.type === TYPE.GROUP);
  if (!nested.length) {
    const description = inLanguage(command.description_localizations, locale, command.description);
    return [{ path: command.name, label, description, options: options.map((option) => optionIn(locale, option)) }];
  }
  return nested.flatMap((option) =>
    pickableCommands(option, locale).map((pickable) => ({ ...pickable, path: `${command.name} ${pickable.path}`, label: `${label} ${pickable.label}` })),
  );
}

/** An option with its `label`, its description and the labels of its choices in a language. */
function optionIn(locale, option) {
  return {
    ...option,
    label: inLanguage(option.name_localizations, locale, option.name),
    description: inLanguage(option.description_localizations, locale, option.description),
    choices: option.choices?.map((choice) => choiceIn(locale, choice)),
  };
}

/** A choice as an item of a list. */
export const choiceIn = (locale, choice) => ({ label: inLanguage(choice.name_localizations, locale, choice.name), value: choice.value });

/** The limits of an option, in words. */
export function limitsInWords(option) {
  if (option.file_types?.length) return fileTypesInWords(option.file_types);
  const { min_value: least, max_value: most, min_length: shortest, max_length: longest } = option;
  if (least !== undefined && most !== undefined) return `${least} to ${most}`;
  if (least !== undefined) return `at least ${least}`;
  if (most !== undefined) return `at most ${most}`;
  if (shortest > 1 && longest !== undefined) return `${shortest} to ${longest} characters`;
  if (longest !== undefined) return `up to ${longest} characters`;
  return "";
}

/** The choices of an option that need no autocomplete; null if its value is typed freely. */
export function fixedChoices(option, state, channel) {
  if (option.choices?.length) return option.choices;
  const users = () => [...state.users.values()].map((user) => ({ label: user.global_name || user.username, hint: user.username, value: user.id }));
  const roles = () => state.guild.roles.filter(() => channel.guild_id).map((role) => ({ label: role.name.startsWith("@") ? role.name : `@${role.name}`, hint: "role", value: role.id }));
  switch (option.type) {
    case TYPE.BOOLEAN:
      return [{ label: "True", value: true }, { label: "False", value: false }];
    case TYPE.USER:
      return users();
    case TYPE.ROLE:
      return roles();
    case TYPE.MENTIONABLE:
      return [...users(), ...roles()];
    case TYPE.CHANNEL:
      return state
        .guildChannels()
        .filter(({ type }) => channel.guild_id && (!option.channel_types?.length || option.channel_types.includes(type)))
        .map(({ name, id }) => ({ label: `#${name}`, value: id }));
    default:
      return null;
  }
}

/**
 * The value of an option: {value} or {error}; neither if it is empty and optional.
 * `picked`: the value of the choice, if the text came from a list.
 */
export function parse(option, text, picked) {
  if (picked !== undefined) return { value: picked };
  const trimmed = text.trim();
  if (!trimmed) return option.required ? { error: REQUIRED } : {};
  switch (option.type) {
    case TYPE.STRING:
      return option.choices?.length ? notAChoice() : checkLength(option, text);
    case TYPE.INTEGER:
      if (option.choices?.length) return notAChoice();
      return /^[+-]?\d+$/.test(trimmed) ? checkBounds(option, Number(trimmed)) : { error: "Input a valid integer." };
    case TYPE.NUMBER:
      if (option.choices?.length) return notAChoice();
      return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(trimmed) ? checkBounds(option, Number(trimmed)) : { error: "Input a valid number." };
    default:
      return notAChoice();
  }
}

const notAChoice = () => ({ error: "Pick one of the choices." });

function checkLength(option, value) {
  const length = [...value].length;
  const longest = option.max_length ?? 6000;
  if (length < (option.min_length ?? 0)) return { error: `Must be at least ${option.min_length} characters.` };
  if (length > longest) return { error: `Must be ${longest} characters or fewer, not ${length}.` };
  return { value };
}

function checkBounds(option, value) {
  const { min_value: least, max_value: most } = option;
  const isOutside = (least !== undefined && value < least) || (most !== undefined && value > most) || !Number.isFinite(value);
  return isOutside ? { error: `Must be ${least !== undefined && most !== undefined ? `between ${least} and ${most}` : limitsInWords(option)}.` } : { value };
}

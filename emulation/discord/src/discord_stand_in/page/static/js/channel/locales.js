/** Discord's languages, and texts that an application gives in several of them. */

/** https://docs.discord.com/developers/reference#locales */
export const LOCALES = [
  "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr",
  "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja", "zh-TW", "ko",
];

/** https://docs.discord.com/developers/interactions/application-commands#localization-locale-fallbacks */
const FALLBACKS = { "en-US": "en-GB", "en-GB": "en-US", "es-419": "es-ES", "es-ES": "es-419" };

/** A localized text; `otherwise`: the default that the application registered. */
export const inLanguage = (texts, locale, otherwise) => texts?.[locale] ?? texts?.[FALLBACKS[locale]] ?? otherwise;

/** The name of a language in itself. */
export function languageName(locale) {
  return new Intl.DisplayNames([locale], { type: "language" }).of(locale) ?? locale;
}

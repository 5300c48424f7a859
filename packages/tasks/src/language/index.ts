export { type LanguageRecipe, languageTask } from "./task.js";
export { type Corpus, corpusOf, randomWindows, spreadWindows } from "./text.js";

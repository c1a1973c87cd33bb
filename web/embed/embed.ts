// embed.js: a classic script, so that it can tell from its own address which server it came from.

import { define } from "./element.ts";

const script = document.currentScript;
if (script instanceof HTMLScriptElement) define(script.src);

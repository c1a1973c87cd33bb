import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  // protocol.ts is generated from the Rust types; tests/attacks are programs that mean harm, and
  // tests/conformance and tests/modules programs that try what no program should do.
  { ignores: ["node_modules", "target", "static/dist", "tests/web/.output", "web/embed/dist", "web/protocol.ts", "web/language/mayfly.d.ts", "web/language/probe.js", "web/examples/**/*.{js,ts,jsx}", "server", "tests/attacks", "tests/conformance", "tests/modules"] },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ["tsconfig.json", "tsconfig.tests.json"],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/consistent-type-definitions": ["error", "type"],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      // Text from programs must never become markup.
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Use textContent." },
        { property: "outerHTML", message: "Use textContent." },
        { property: "insertAdjacentHTML", message: "Use textContent." },
      ],
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      // tsc knows better: this rule does not count ??= as a use.
      "no-unused-private-class-members": "off",
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  {
    files: ["tests/web/**/*.ts"],
    rules: {
      // node:test's test() and describe() give promises that the runner itself awaits.
      "@typescript-eslint/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: [{ from: "package", package: "node:test", name: ["test", "describe", "it", "before", "after"] }] },
      ],
    },
  },
  {
    // What programs import: CommonJS, on the platform that programs have.
    files: ["web/modules/builtins/**"],
    languageOptions: {
      globals: Object.fromEntries(
        [
          "AbortController", "AbortSignal", "Blob", "CryptoKey", "File", "TextDecoder", "TextEncoder", "URL",
          "URLSearchParams", "atob", "btoa", "console", "exports", "module", "performance", "queueMicrotask", "require",
          "setTimeout",
        ].map((name) => [name, "readonly"]),
      ),
    },
    rules: { "no-unused-vars": ["error", { argsIgnorePattern: "^_" }] },
  },
  {
    files: ["**/*.mjs", "eslint.config.js"],
    languageOptions: { globals: { console: "readonly", process: "readonly", URL: "readonly", Buffer: "readonly" } },
  },
);

// Every line arrives while the program is still running.
// Change something and press Run (Ctrl+Enter or ⌘+Enter).
const wings = ["╲   ╱", " ╲ ╱ ", "──·──", " ╱ ╲ ", "╱   ╲"];

for (let i = 0; i < 20; i++) {
  const height = Math.round(14 + 12 * Math.sin(i / 2.6));
  const wing = wings[i % wings.length];
  const air = "∙".repeat(height);
  console.log(`%c${air}%c ${wing}`, "color: teal", "color: coral");
  await new Promise((wake) => setTimeout(wake, 150));
}

({ flew: "20 beats", landed: new Date() })

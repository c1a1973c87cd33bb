#!/usr/bin/env node
// Makes an OCI bundle of Mayfly's image where there is no Docker: the file system by scripts/image-root, as in the
// Dockerfile's last stage but one, and the settings of the Dockerfile's last stage. What runsc then starts is what
//
//   docker run --read-only --cap-drop ALL --security-opt no-new-privileges -v DATA:/var/lib/mayfly mayfly
//
// would start.
//
//   scripts/bundle.mjs FOLDER DATA [BINARY]     then: runsc … run --bundle FOLDER NAME

import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** What the last stage of a Dockerfile says about the container: instructions that stand there once each. */
export function image(text) {
  const lines = text.replace(/\\\n/g, " ").split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));
  const stage = lines.slice(lines.findLastIndex((line) => line.startsWith("FROM ")));
  const of = (name) => stage.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1).trim());
  const one = (name) => {
    const found = of(name);
    if (found.length !== 1) throw new Error(`the Dockerfile's last stage has ${found.length} times ${name}, not once`);
    return found[0];
  };
  const known = ["FROM", "COPY", "ENV", "USER", "WORKDIR", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"];
  const unknown = stage.find((line) => !known.includes(line.split(" ")[0]));
  if (unknown) throw new Error(`the Dockerfile's last stage says what bundles do not know: ${unknown}`);
  const [uid, gid] = one("USER").split(":").map(Number);
  if (!(uid > 0 && gid > 0)) throw new Error("USER in the Dockerfile has to be two numbers, and not root");
  return {
    args: [...JSON.parse(one("ENTRYPOINT")), ...JSON.parse(one("CMD"))],
    env: of("ENV").flatMap((line) => line.split(/\s+/)),
    user: { uid, gid },
    cwd: one("WORKDIR"),
    volumes: JSON.parse(one("VOLUME")),
    healthcheck: JSON.parse(one("HEALTHCHECK").replace(/^.*?CMD /, "")),
  };
}

/** The bundle's description: https://github.com/opencontainers/runtime-spec/blob/main/config.md */
function config({ args, env, user, cwd, volumes }, data, mounts) {
  const none = { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] };
  return {
    ociVersion: "1.0.2",
    process: { args, env, user, cwd, capabilities: none, noNewPrivileges: true },
    root: { path: "rootfs", readonly: true },
    hostname: "mayfly",
    mounts: [
      { type: "proc", source: "proc", destination: "/proc" },
      { type: "sysfs", source: "sysfs", destination: "/sys", options: ["ro"] },
      { type: "tmpfs", source: "tmpfs", destination: "/dev", options: ["nosuid", "mode=755"] },
      ...volumes.map((destination) => ({ type: "bind", source: data, destination, options: ["rbind", "rw"] })),
      // As an engine does it.
      ...["hosts", "resolv.conf"].map((name) => ({
        type: "bind", source: `/etc/${name}`, destination: `/etc/${name}`, options: ["rbind", "ro"],
      })),
      ...mounts,
    ],
    linux: { namespaces: ["pid", "mount", "ipc", "uts"].map((type) => ({ type })) },
  };
}

/**
 * Writes a bundle into `folder`, whose volume is the folder `data`. `env` and `mounts` come on top of the image's.
 * Gives what the image says.
 */
export function bundle({ folder, data, binary = path.join(root, "target/release/mayfly"), env = [], mounts = [] }) {
  const says = image(readFileSync(path.join(root, "Dockerfile"), "utf8"));
  if (says.volumes.length !== 1) throw new Error("the image's data has to be in one volume");
  execFileSync(path.join(root, "scripts/image-root"), [path.join(folder, "rootfs"), binary], { stdio: "inherit" });
  mkdirSync(data, { recursive: true });
  // As Docker does with a new volume.
  chownSync(data, says.user.uid, says.user.gid);
  const described = config({ ...says, env: [...says.env, ...env] }, realpathSync(data), mounts);
  writeFileSync(path.join(folder, "config.json"), JSON.stringify(described, undefined, 2));
  return says;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [folder, data, binary] = process.argv.slice(2);
  if (!folder || !data) {
    console.error("usage: scripts/bundle.mjs FOLDER DATA [BINARY]");
    process.exit(2);
  }
  try {
    mkdirSync(folder, { recursive: true });
    bundle({ folder, data, binary });
  } catch (error) {
    console.error(`scripts/bundle.mjs: ${error.message}`);
    process.exit(1);
  }
}

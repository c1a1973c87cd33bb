"""Fits V8's build files to this build.

    fit-sources.py SOURCES LIBRARY    the folder of the sources, and the static library of the crate temporal_capi

Most edits take out what gn of 2022, which Debian 12 has, does not know. All of that is for things that this build does
not use: Google's remote builders, C++ modules, sysroots. The edits for Temporal replace Chromium's own build of the
crate temporal_capi by the static library. Each edit has to find what it looks for, so that a new version of V8 that
looks different fails here and not later.
"""

import pathlib
import re
import sys

EDITS = {
    "build/toolchain/siso.gni": [
        (r"_is_ninja_used = path_exists[^\n]*", "_is_ninja_used = true"),
        (r"\nif \(path_exists.*?\n\}\n", "\n"),
    ],
    "build/config/c++/modules.gni": [(r"path_exists\(path\)", "true")],
    "build/config/sysroot.gni": [(r"path_exists\(sysroot\)", "true")],
    "build/toolchain/rbe.gni": [
        (r"path_exists\(rewrapper_path\)", "true"),
        (r"!path_exists\(reclient_cc_cfg_file\)", "false"),
    ],
    "build/config/compiler/BUILD.gn": [
        (r"path_exists\(_head_revision_stamp_path\)", "false"),
        (r"\n\s*c_additional_outputs\s*=\s*\n?\s*\[[^\]]*\]", ""),
    ],
    "build/toolchain/gcc_toolchain.gni": [
        (r'module_name_flag = " -fmodule-name[^\n]*', 'module_name_flag = ""'),
        (r" \{\{module_deps\}\}", ""),
        (r' \{\{module_deps_no_self\}\} -fmodule-name=\\"\{\{cc_module_name\}\}\\"', ""),
        (r"\n\s*inputs\s*=\s*\n\s*\[ get_path_info\(rebase_path\(ar[^\]]*\]", ""),
    ],
    "third_party/rust/temporal_capi/BUILD.gn": [(r"\n  public_deps = \[[^\]]*\]", "")],
    "v8/BUILD.gn": [
        (
            r'(v8_executable\("mksnapshot"\) \{\n)',
            r'\1    if (v8_enable_temporal_support) {\n      libs = [ "LIBRARY", "pthread", "dl", "m" ]\n    }\n',
        ),
    ],
}


def main(folder, library):
    for name, edits in EDITS.items():
        path = pathlib.Path(folder, name)
        text = path.read_text()
        for pattern, replacement in edits:
            replacement = replacement.replace("LIBRARY", library)
            text, count = re.subn(pattern, replacement, text, flags=re.S)
            if count == 0:
                sys.exit(f"V8: {path} has nothing like {pattern!r}: scripts/v8/fit-sources.py has to follow V8")
        path.write_text(text)


if __name__ == "__main__":
    main(*sys.argv[1:3])

/** What needs Node: bundles in folders, and the making of folders and reading of files that it takes. */
export { canReplace } from "../node/can-replace.js";
export { folderStore } from "../node/folder-store.js";
export { makeFolder } from "../node/make-folder.js";
export { readPlainFile } from "../node/read-plain-file.js";

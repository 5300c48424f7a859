/** What needs Node: bundles in folders, and the making of folders. */
export { folderStore } from "../node/folder-store.js";
export { makeFolder } from "../node/make-folder.js";

import { expect, it } from "vitest";
import { relocatePage, relocateScript, relocateStyle } from "./relocate.js";

it("a script finds the folder by its own address", () => {
  const code = 'const a="/__site_base__/x.js",b=`${a}/__site_base__/y`,c=JSON.parse(\'["/__site_base__/z"]\');';
  expect(relocateScript(code, "assets/chunks/app.js")).toBe(
    'const __siteBase=new URL("../../",import.meta.url).pathname;' +
      'const a=(""+__siteBase+"x.js"),b=`${a}${__siteBase}y`,c=JSON.parse(("[\\""+__siteBase+"z\\"]"));',
  );
  expect(relocateScript("const a=1;", "assets/app.js")).toBe("const a=1;");
});

it("a style's and a page's addresses are relative to where they lie", () => {
  expect(relocateStyle("url(/__site_base__/a.woff2)", "assets/style.css")).toBe("url(../a.woff2)");
  const page = relocatePage('<a href="/__site_base__/guide/x.html"></a></body>', "demos/maze.html");
  expect(page).toContain('<a href="../guide/x.html"></a>');
  expect(relocatePage('<a href="/__site_base__/guide/x.html"></a></body>', "index.html")).toContain("./guide/x.html");
});

it("a page's data are told where the folder is", () => {
  const data = '<script>window.__VP_SITE_DATA__=JSON.parse("{\\"icon\\":\\"<svg/>\\"}");</script>';
  expect(relocatePage(data, "guide/a.html")).toBe(
    `${data}<script>window.__VP_SITE_DATA__.base=new URL("../",location.href).pathname</script>`,
  );
});

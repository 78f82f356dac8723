// A certified OpenID provider on loopback, with a sign-in page of its own; CONFIG is what `running_provider` wrote.
// Usage: node provider.mjs FOLDER_WITH_NODE_MODULES CONFIG
//
// With Apple's key in it, it is Apple: our secret must be a token signed with that key, the first consent tells a name
// beside the code, and whoever says no has "cancelled".
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, config] = process.argv.slice(2);
const { port, client, apple } = JSON.parse(config);
const load = (path) => import(pathToFileURL(join(folder, "node_modules", path)).href);
const { default: Provider } = await load("oidc-provider/lib/index.js");
const { jwtVerify, importJWK } = await load("jose/dist/webapi/index.js");

// Whatever somebody types at the sign-in page is their account.
const claimsOf = (name) => ({
  sub: `id-of-${name}`,
  name: `${name} Example`,
  email: `${name}@example.com`,
  email_verified: apple ? "true" : true,
});

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [client],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  scopes: ["openid", "email", "profile", "name"],
  conformIdTokenClaims: false,
  cookies: { keys: ["for tests only"] },
  findAccount: (_context, name) => ({ accountId: name, claims: () => claimsOf(name) }),
});

if (apple) {
  let isNameTold = false;
  provider.use(async (context, next) => {
    if (context.path === "/token" && !(await isSignedByUs(context))) {
      context.status = 400;
      context.body = { error: "invalid_client" };
      return;
    }
    await next();
    if (typeof context.body !== "string" || !context.body.includes('name="state"')) return;
    context.body = context.body.replace("access_denied", "user_cancelled_authorize");
    if (isNameTold || !context.body.includes('name="code"')) return;
    isNameTold = true;
    const user = JSON.stringify({ name: { firstName: "Ada", lastName: "Apple" } }).replaceAll('"', "&quot;");
    context.body = context.body.replace("</form>", `<input type="hidden" name="user" value="${user}"/></form>`);
  });
}

async function isSignedByUs({ req }) {
  let body = "";
  for await (const chunk of req) body += chunk;
  const form = Object.fromEntries(new URLSearchParams(body));
  const { secret, ...claims } = { secret: form.client_secret, ...apple.claims };
  // The provider itself only knows clients with a secret that stays.
  req.body = { ...form, client_secret: client.client_secret };
  const key = await importJWK(apple.key, "ES256");
  return jwtVerify(secret, key, { algorithms: ["ES256"], ...claims }).then(() => true, () => false);
}

createServer(provider.callback()).listen(port, "127.0.0.1");

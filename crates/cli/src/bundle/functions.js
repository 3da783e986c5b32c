// Leads requests to the functions of a Pages project: middleware from the outside in, then the function of the most
// specific route, then the static files. `files` stands before this, the most specific first.

const METHODS = ["Get", "Head", "Post", "Put", "Patch", "Delete", "Options"];
const PART = "[^/#?]+?";

// What a path's pattern finds: `:name` is a part, `:name*` any number of them.
function pattern(path, isWhole) {
  const names = [];
  let source = "";
  let end = 0;
  for (const found of path.matchAll(/(\/?):(\w+)(\*)?/g)) {
    const [text, slash, name, star] = found;
    source += literal(path.slice(end, found.index));
    source += star ? `(?:${slash}(${PART}(?:/${PART})*))?` : `${slash}(${PART})`;
    names.push({ name, isList: star !== undefined });
    end = found.index + text.length;
  }
  source += literal(path.slice(end)).replace(/\/$/, "");
  const ending = isWhole ? "[/#?]?$" : "(?=[/#?]|$)";
  const expression = new RegExp(`^${source}${ending}`, "i");
  return (pathname) => {
    const found = expression.exec(pathname);
    if (!found) return undefined;
    const params = {};
    names.forEach(({ name, isList }, index) => {
      const value = found[index + 1];
      if (value !== undefined) params[name] = isList ? value.split("/") : value;
    });
    return { path: found[0] || "/", params };
  };
}

const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

const routes = files.flatMap(({ path, mount, module, isMiddleware }) => {
  const matches = { isMiddleware, route: pattern(path, !isMiddleware), mount: pattern(mount, false) };
  const named = METHODS.map((method) => ({ ...matches, method: method.toUpperCase(), handlers: [module[`onRequest${method}`]].flat() }));
  return [...named, { ...matches, handlers: [module["onRequest"]].flat() }]
    .map((route) => ({ ...route, handlers: route.handlers.filter((handler) => typeof handler === "function") }))
    .filter((route) => route.handlers.length > 0);
});

// What a request passes through, in order.
function* steps(request) {
  const { pathname } = new URL(request.url);
  const fits = (route) => {
    if (route.method && route.method !== request.method) return undefined;
    const found = route.route(pathname);
    const mounted = route.mount(pathname);
    return found && mounted && { params: found.params, path: route.isMiddleware ? mounted.path : found.path };
  };
  for (const route of [...routes].reverse().filter((route) => route.isMiddleware)) {
    const found = fits(route);
    if (found) for (const handler of route.handlers) yield { handler, ...found };
  }
  for (const route of routes.filter((route) => !route.isMiddleware)) {
    const found = fits(route);
    if (!found) continue;
    for (const handler of route.handlers) yield { handler, ...found };
    return;
  }
}

// A response whose headers can be changed.
function changeable(response) {
  const hasBody = ![101, 204, 205, 304].includes(response.status);
  return new Response(hasBody ? response.body : null, response);
}

export default {
  async fetch(original, env, ctx) {
    let request = original;
    let data = {};
    let failsOpen = false;
    const left = steps(original);
    const next = async (input, init) => {
      if (input !== undefined) {
        const url = typeof input === "string" ? new URL(input, request.url).toString() : input;
        request = new Request(url, init);
      }
      const { value, done } = left.next();
      if (done) return changeable(await env.ASSETS.fetch(request));
      const { handler, params, path } = value;
      const response = await handler({
        request: new Request(request.clone()),
        functionPath: path,
        next,
        params,
        env,
        waitUntil: ctx.waitUntil.bind(ctx),
        passThroughOnException: () => {
          failsOpen = true;
        },
        get data() {
          return data;
        },
        set data(value) {
          if (typeof value !== "object" || value === null) throw new Error("context.data must be an object");
          data = value;
        },
      });
      if (!(response instanceof Response)) throw new Error(`the function at ${path} returned no Response`);
      return changeable(response);
    };
    try {
      return await next();
    } catch (error) {
      if (failsOpen) return changeable(await env.ASSETS.fetch(request));
      throw error;
    }
  },
};

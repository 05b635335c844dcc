/** The few shortcuts the page's files share. */

/**
 * The element with an id, which the page has.
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`no element #${id}`);
  return element;
}

/**
 * A new element. Properties that are functions become listeners for the event of their name.
 * @param {string} name
 * @param {Record<string, any>} [properties]
 * @param {...(Node | string)} children
 * @returns {any}
 */
export function make(name, properties = {}, ...children) {
  /** @type {any} */
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (key.startsWith("aria-") || key === "role") element.setAttribute(key, String(value));
    else if (key === "style") element.style.cssText = value;
    /** @type {any} */ else element[key] = value;
  }
  element.append(...children);
  return element;
}

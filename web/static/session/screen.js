// The picture: as large as its place, in the device's own pixels, with mouse and touch.

import Guacamole from "/static/vendor/guacamole-common/guacamole.min.js";

const RESIZE_QUIET_MS = 500;
const CSS_DPI = 96;
const MIN_SIDE_PX = 200;
const MAX_SIDE_PX = 8192;

const clamp = (pixels) => Math.min(Math.max(Math.floor(pixels), MIN_SIDE_PX), MAX_SIDE_PX);

export class Screen {
  constructor(element) {
    this.element = element;
    this.client = null;
    this.display = null;
    this.mouse = null;
    this.sent = "";
    this.timer = 0;
    new ResizeObserver(() => this.#followPlace()).observe(element);
  }

  // The size to ask for, in device pixels. RDP takes only even widths.
  wanted() {
    const ratio = window.devicePixelRatio || 1;
    const width = clamp(this.element.clientWidth * ratio);
    const height = clamp(this.element.clientHeight * ratio);
    return { width: width - (width % 2), height, dpi: Math.round(CSS_DPI * ratio) };
  }

  show(client) {
    this.clear();
    this.client = client;
    this.display = client.getDisplay();
    const { width, height } = this.wanted();
    this.sent = `${width}x${height}`;
    this.display.onresize = () => this.#fit();
    const picture = this.display.getElement();
    this.element.replaceChildren(picture);
    this.#followPointer(picture);
    this.#fit();
  }

  // Where the pointer was last, no button pressed.
  pointer() {
    const { x = 0, y = 0 } = this.mouse?.currentState ?? {};
    return new Guacamole.Mouse.State({ x, y });
  }

  clear() {
    window.clearTimeout(this.timer);
    this.element.replaceChildren();
    this.client = null;
    this.display = null;
    this.mouse = null;
  }

  #followPointer(picture) {
    const mouse = new Guacamole.Mouse(picture);
    this.mouse = mouse;
    const touch = new Guacamole.Mouse.Touchscreen(picture);
    this.display.showCursor(true);
    this.display.oncursor = (canvas, x, y) => this.display.showCursor(!mouse.setCursor(canvas, x, y));
    const { client } = this;
    for (const device of [mouse, touch]) {
      device.onEach(["mousedown", "mousemove", "mouseup"], (event) => {
        if (event.type === "mousedown") this.element.focus({ preventScroll: true });
        client.sendMouseState(event.state, true);
      });
    }
    mouse.on("mouseout", () => this.display?.showCursor(false));
  }

  #followPlace() {
    this.#fit();
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.#tellSize(), RESIZE_QUIET_MS);
  }

  #tellSize() {
    if (!this.client) return;
    const { width, height } = this.wanted();
    const size = `${width}x${height}`;
    if (size === this.sent) return;
    this.sent = size;
    this.client.sendSize(width, height);
  }

  #fit() {
    const width = this.display?.getWidth();
    const height = this.display?.getHeight();
    if (!width || !height) return;
    this.display.scale(Math.min(this.element.clientWidth / width, this.element.clientHeight / height));
  }
}

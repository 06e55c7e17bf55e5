// Printing, as for a hand-in: everything that is folded is open on paper, and folded again
// afterwards. What else differs on paper is in the style, `@media print`.

function printable() {
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const it of opened) it.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const it of opened) it.open = false;
    opened = [];
  });
  const contents = document.querySelector("nav");
  if (contents === null) return;
  const button = element("button", { class: "print", type: "button", title: "With all that is folded, page breaks, and heads on each page" }, "Print for the hand-in");
  button.addEventListener("click", () => window.print());
  contents.append(button);
}


// Tables are folded away where their charts are drawn, and open on paper. Without this script they stay open.
const all = document.querySelectorAll("details");
all.forEach(each => { each.open = false; });
let closed = [];
addEventListener("beforeprint", () => { closed = Array.from(all).filter(each => !each.open); closed.forEach(each => { each.open = true; }); });
addEventListener("afterprint", () => closed.forEach(each => { each.open = false; }));

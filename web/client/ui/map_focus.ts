/**
 * The frame around the map for those who reach it by Tab. Who walks by keys has the focus there all the time, and a
 * browser would frame the world at the first step.
 */
export function showTabbing(map: HTMLElement): void {
  map.addEventListener("keyup", (event) => {
    if (event.key === "Tab") map.dataset["tabbed"] = "";
  });
  for (const end of ["blur", "pointerdown"]) map.addEventListener(end, () => delete map.dataset["tabbed"]);
}

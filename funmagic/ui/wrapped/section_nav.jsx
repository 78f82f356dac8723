import { useEffect, useState } from "react";

/** Links to the sections of a long page; the one being read is marked. */
export function SectionNav({ label, sections = [] }) {
  const [current, setCurrent] = useState(sections[0]?.id);

  useEffect(() => {
    const note = () => setCurrent(readSection(sections));
    note();
    window.addEventListener("scroll", note, { passive: true });
    return () => window.removeEventListener("scroll", note);
  }, [sections]);

  const go = (event, id) => {
    // Reflex would take a new hash for a new page, and load it.
    event.preventDefault();
    const target = document.getElementById(id);
    const isCalm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    target.scrollIntoView({ behavior: isCalm ? "auto" : "smooth" });
    target.focus({ preventScroll: true });
  };

  return (
    <nav className="section-nav" aria-label={label}>
      {sections.map(({ id, title }) => (
        <a
          key={id}
          href={`#${id}`}
          className="section-nav-link"
          aria-current={id === current ? "true" : undefined}
          onClick={(event) => go(event, id)}
        >
          {title}
        </a>
      ))}
    </nav>
  );
}

/** The last section whose top has passed the upper third of the window; at the page's end, the last one. */
function readSection(sections) {
  const isAtEnd = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 4;
  if (isAtEnd && window.scrollY > 0) return sections.at(-1)?.id;
  const passed = sections.filter(({ id }) => {
    const element = document.getElementById(id);
    return element && element.getBoundingClientRect().top < window.innerHeight / 3;
  });
  return (passed.at(-1) ?? sections[0])?.id;
}

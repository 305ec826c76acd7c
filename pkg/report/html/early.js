// Before anything is drawn: the chosen colours, and the word that a script is here.
(() => {
  const root = document.documentElement;
  root.classList.add('js');
  // If the script that sorts the findings breaks, they stay as they were written.
  addEventListener('error', () => { if (!document.querySelector('#groups.ready')) root.classList.remove('js'); });
  try {
    const theme = localStorage.getItem('demarc-theme');
    if (theme === 'dark' || theme === 'light') root.dataset.theme = theme;
  } catch (e) { /* a file that may not keep anything */ }
})();

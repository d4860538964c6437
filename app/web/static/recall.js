// The clock goes on by itself; every half minute the page asks how it stands now, unless somebody is reading further down.
(function () {
  var time = document.querySelector(".recall-time[data-since]");
  if (!time) return;
  var shown = time.textContent.match(/(?:(\d+) \S+ )?(\d+):(\d+):(\d+)/);
  // From what the server said on, for the clock of this machine may be wrong.
  var began = Date.now() - 1000 * (((Number(shown[1] || 0) * 24 + Number(shown[2])) * 60 + Number(shown[3])) * 60 + Number(shown[4]));
  function two(number) { return (number < 10 ? "0" : "") + number; }
  setInterval(function () {
    var seconds = Math.floor((Date.now() - began) / 1000), days = Math.floor(seconds / 86400);
    time.textContent = (days ? days + " " + time.dataset.day + " " : "") + Math.floor(seconds / 3600) % 24 + ":" + two(Math.floor(seconds / 60) % 60) + ":" + two(seconds % 60);
  }, 1000);
  setInterval(function () { if (window.scrollY < 400) location.reload(); }, 30000);
})();

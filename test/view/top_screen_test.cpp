#include <catch2/catch.hpp>

#include "view/sample_cluster.hpp"

// What the keys do.
namespace scaler::view {
namespace {

constexpr TimePoint begin_time{};

struct Screen {
  explicit Screen(wire::StateScheduler state = sample_state()) {
    hear(std::move(state), begin_time);
  }

  void hear(wire::StateScheduler state, TimePoint now) {
    heard.on_message(state, now);
    screen.on_heard(heard, now);
  }
  KeyEffect press(char letter, TimePoint now = begin_time) {
    return screen.on_key({KeyKind::text, letter}, heard, now);
  }
  KeyEffect press(KeyKind kind) { return screen.on_key({kind}, heard, begin_time); }
  void type(std::string_view letters) {
    for (const char letter : letters) press(letter);
  }
  std::string text(TerminalSize size = {190, 45}, TimePoint now = begin_time,
                   const std::string& trouble = "") {
    return text_of(screen.draw(size, now, trouble));
  }
  bool shows(std::string_view part) { return text().find(part) != std::string::npos; }
  // The last part of the first worker's id, which names it.
  char first_worker() {
    const std::string all = text();
    const std::size_t at = all.find("Worker|", all.find("ITL"));
    return all.compare(at, 11, "Worker|NAT|") == 0 ? 'n' : all.at(at + 11);
  }

  Heard heard;
  TopScreen screen;
};

wire::StateScheduler many_workers(unsigned count) {
  wire::StateScheduler state;
  for (unsigned i = 0; i < count; ++i)
    state.workers.push_back(sample_worker("Worker|" + std::to_string(1000 + i), 0));
  return state;
}

}  // namespace

TEST_CASE("at first the busiest processors are on top", "[view]") {
  Screen screen;
  REQUIRE(screen.first_worker() == 'n');
  REQUIRE(screen.shows(" [cpu] "));
}

TEST_CASE("each letter sorts by its column, downwards, and again the other way round", "[view]") {
  struct Case {
    char letter;
    std::string_view heading;
    char first;  // a has least of everything, n most, but for what is free
    char last;
  };
  const Case cases[] = {
      {'g', "[manager]", 'a', 'n'},   {'n', "[worker]", 'n', 'a'}, {'C', "[agt_cpu]", 'n', 'a'},
      {'M', "[agt_rss]", 'n', 'a'},   {'m', "[rss]", 'n', 'a'},    {'F', "[os_rss_free]", 'a', 'a'},
      {'f', "[free]", 'a', 'n'},      {'w', "[sent]", 'n', 'a'},   {'d', "[queued]", 'n', 'a'},
      {'s', "[suspended]", 'a', 'a'}, {'l', "[lag]", 'n', 'a'},    {'c', "[cpu]", 'n', 'a'}};
  Screen screen;
  for (const Case& one : cases) {
    INFO(one.letter);
    REQUIRE(screen.press(one.letter) == KeyEffect::draw);
    REQUIRE(screen.shows(one.heading));
    REQUIRE(screen.first_worker() == one.first);
    screen.press(one.letter);
    REQUIRE(screen.first_worker() == one.last);
  }
}

TEST_CASE("the sort column moves to its neighbours, and stops at the ends", "[view]") {
  Screen screen;
  screen.press('>');
  REQUIRE(screen.shows("[rss]"));
  screen.type("<<");
  REQUIRE(screen.shows("[agt_rss]"));
  screen.type("<<<<<<<<<<<<<<<");
  REQUIRE(screen.shows("[manager]"));
  screen.type(">>>>>>>>>>>>>>>");
  REQUIRE(screen.shows("[ITL]"));
}

TEST_CASE("r turns the order round", "[view]") {
  Screen screen;
  screen.press('r');
  REQUIRE(screen.first_worker() == 'a');
  screen.press('r');
  REQUIRE(screen.first_worker() == 'n');
}

TEST_CASE("q and Escape quit", "[view]") {
  Screen screen;
  REQUIRE(screen.press('q') == KeyEffect::quit);
  REQUIRE(screen.press(KeyKind::escape) == KeyEffect::quit);
}

TEST_CASE("keys without a meaning do nothing", "[view]") {
  Screen screen;
  for (const char letter : {'z', 'Q', ' ', '4', '\x80'})
    REQUIRE(screen.press(letter) == KeyEffect::none);
  REQUIRE(screen.press(KeyKind::enter) == KeyEffect::none);
  REQUIRE(screen.press(KeyKind::backspace) == KeyEffect::none);
}

TEST_CASE("Ctrl-L draws everything anew", "[view]") {
  Screen screen;
  REQUIRE(screen.press(KeyKind::redraw) == KeyEffect::redraw);
}

TEST_CASE("the help explains each key until any is pressed", "[view]") {
  Screen screen;
  screen.press('?');
  REQUIRE(screen.shows("Any key goes back."));
  REQUIRE(screen.press('q') == KeyEffect::draw);
  REQUIRE_FALSE(screen.shows("Any key goes back."));
}

TEST_CASE("a filter shows its rows while it is typed, and is kept by Enter", "[view]") {
  Screen screen;
  screen.type("/NaT|x");
  screen.press(KeyKind::backspace);
  REQUIRE(screen.shows("\n/NaT|_\n"));
  REQUIRE(screen.first_worker() == 'n');
  REQUIRE_FALSE(screen.shows("wm-native"));
  screen.press(KeyKind::enter);
  REQUIRE(screen.shows("only 'NaT|'"));
  REQUIRE(screen.press('q') == KeyEffect::quit);  // a letter is a key again
}

TEST_CASE("Escape undoes a filter, and quits only after", "[view]") {
  Screen screen;
  screen.type("/nat");
  screen.press(KeyKind::enter);
  screen.type("/q");
  REQUIRE(screen.shows("No workers with 'natq'"));
  REQUIRE(screen.press(KeyKind::escape) == KeyEffect::draw);
  REQUIRE(screen.screen.choices().filter == "nat");
  REQUIRE(screen.press(KeyKind::escape) == KeyEffect::quit);
}

TEST_CASE("a filter is taken back by characters, and bounded", "[view]") {
  Screen screen;
  screen.type("/\u00e9\u6f22");
  screen.press(KeyKind::backspace);
  REQUIRE(screen.screen.choices().filter == "\u00e9");
  screen.type(std::string(1000, 'x'));
  REQUIRE(screen.screen.choices().filter.size() == 100);
  for (int i = 0; i < 200; ++i) screen.press(KeyKind::backspace);
  REQUIRE(screen.screen.choices().filter.empty());
}

TEST_CASE("rows are scrolled by one, by a page and to the ends, and never past them", "[view]") {
  Screen screen(many_workers(100));
  const TerminalSize size{80, 24};
  const auto range = [&] {
    const std::string text = screen.text(size);
    const std::size_t at = text.find("rows ");
    return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
  };
  REQUIRE(range() == "rows 1-15 of 100");
  screen.press(KeyKind::up);
  REQUIRE(range() == "rows 1-15 of 100");
  screen.press(KeyKind::down);
  REQUIRE(range() == "rows 2-16 of 100");
  screen.press(KeyKind::page_down);
  REQUIRE(range() == "rows 17-31 of 100");
  screen.press(KeyKind::end);
  REQUIRE(range() == "rows 86-100 of 100");
  screen.press(KeyKind::page_down);
  REQUIRE(range() == "rows 86-100 of 100");
  screen.press(KeyKind::page_up);
  REQUIRE(range() == "rows 71-85 of 100");
  screen.press(KeyKind::home);
  REQUIRE(range() == "rows 1-15 of 100");
  screen.press(KeyKind::end);
  screen.hear(many_workers(20), begin_time + 1s);  // fewer than were scrolled over
  REQUIRE(range() == "rows 6-20 of 20");
}

TEST_CASE("a pause keeps the picture, says its age, and ends with the newest", "[view]") {
  Screen screen;
  screen.press('p');
  screen.hear(many_workers(3), begin_time + 5s);
  REQUIRE(screen.shows("with 7 worker(s)"));
  REQUIRE(screen.text({190, 45}, begin_time + 7s).find("paused, 7 s old") != std::string::npos);
  screen.press('p', begin_time + 7s);
  REQUIRE(screen.shows("with 3 worker(s)"));
}

TEST_CASE("the period between pictures is longer or shorter, within its bounds", "[view]") {
  Screen screen;
  screen.press('+');
  REQUIRE(screen.shows("every 2 s"));
  screen.hear(many_workers(3), begin_time + 1s);
  REQUIRE(screen.shows("with 7 worker(s)"));
  screen.hear(many_workers(3), begin_time + 1900ms);  // states come a little early, too
  REQUIRE(screen.shows("with 3 worker(s)"));
  screen.type("++++++++");
  REQUIRE(screen.shows("every 30 s"));
  screen.type("----------");
  REQUIRE(screen.screen.choices().period == 1s);
  REQUIRE_FALSE(screen.shows("every"));
}

TEST_CASE("while nothing comes the last picture is faint, and its age is told", "[view]") {
  Screen screen;
  const Frame frame = screen.screen.draw({80, 24}, begin_time + 12s, "connection refused");
  for (const Line& line : frame)
    REQUIRE(line.style ==
            (line.text == "12 s old: connection refused" ? Style::notice : Style::faint));
  REQUIRE(text_of(frame).find("12 s old: connection refused") != std::string::npos);
  const Frame small = screen.screen.draw({40, 10}, begin_time + 12s, "connection refused");
  REQUIRE(text_of(small).find("12 s old: connection refused") != std::string::npos);
}

TEST_CASE("the mean of a function's tasks has three digits, whatever its size", "[view]") {
  for (const auto& [seconds, text] : {std::pair{0.00022812F, " 0.228ms"},
                                      {0.5F, " 500ms"},
                                      {1.5F, " 1.5s"},
                                      {98.76F, " 98.8s"},
                                      {4321.0F, " 4321s"}}) {
    Screen screen;
    screen.heard.on_message(sample_end("g", wire::TaskState::success, seconds), begin_time);
    screen.hear(sample_state(), begin_time + 1s);
    screen.press('3');
    REQUIRE(screen.shows(text));
  }
}

TEST_CASE("functions are counted by name, the busiest first, and in bounded memory", "[view]") {
  FunctionCounts counts;
  for (int i = 0; i < 1500; ++i)
    counts.on_message(sample_end("f" + std::to_string(i), wire::TaskState::success, 0));
  REQUIRE(counts.by_name().size() == 1000);
  REQUIRE(counts.others().succeeded == 500);
  counts.on_message(sample_end("f7", wire::TaskState::failed_worker_died, 0));
  REQUIRE(counts.by_name().at("f7").failed == 1);
  counts.on_message(sample_end("f7", wire::TaskState::running, 0));
  counts.on_message(sample_end("f7", wire::TaskState::canceled, 0));
  REQUIRE(counts.by_name().at("f7").succeeded == 1);
  REQUIRE(counts.by_name().at("f7").profiled == 0);
}

}  // namespace scaler::view

#include "scaler/view/top_screen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "scaler/view/formats.hpp"
#include "view/terminal_picture.hpp"
#include "view/terminal_text.hpp"

namespace scaler::view {
namespace {

constexpr std::size_t filter_bytes_max = 100;
constexpr std::array periods = {Duration(1s), Duration(2s), Duration(5s), Duration(10s),
                                Duration(30s)};
// States come each second, a little more or less.
constexpr Duration period_slack = 300ms;

struct SortKey {
  char letter;
  Column column;
};
constexpr std::array sort_keys = {SortKey{'g', Column::manager},   SortKey{'n', Column::worker},
                                  SortKey{'C', Column::agent_cpu}, SortKey{'M', Column::agent_rss},
                                  SortKey{'c', Column::cpu},       SortKey{'m', Column::rss},
                                  SortKey{'F', Column::host_free}, SortKey{'f', Column::free},
                                  SortKey{'w', Column::sent},      SortKey{'d', Column::queued},
                                  SortKey{'s', Column::suspended}, SortKey{'l', Column::lag}};

Direction opposite(Direction direction) {
  return direction == Direction::descending ? Direction::ascending : Direction::descending;
}

std::string seconds_text(Duration duration) {
  return fmt::format("{} s", std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

void remove_last_character(std::string& text) {
  while (!text.empty()) {
    const bool continues = (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80;
    text.pop_back();
    if (!continues) break;
  }
}

Duration next_period(Duration period, int step) {
  const auto found = std::find(periods.begin(), periods.end(), period);
  const auto last = static_cast<std::ptrdiff_t>(periods.size()) - 1;
  return periods.at(static_cast<std::size_t>(
      std::clamp<std::ptrdiff_t>((found - periods.begin()) + step, 0, last)));
}

}  // namespace

void TopScreen::show(const Heard& heard, TimePoint now) {
  shown_ = heard;
  shown_at_ = now;
}

void TopScreen::on_heard(const Heard& heard, TimePoint now) {
  const bool due = !shown_at_ || now - *shown_at_ >= choices_.period - period_slack;
  if (due && !(choices_.paused && shown_at_)) show(heard, now);
}

KeyEffect TopScreen::on_key(Key key, const Heard& heard, TimePoint now) {
  if (key.kind == KeyKind::redraw) return KeyEffect::redraw;
  if (mode_ == Mode::helping) {
    mode_ = Mode::browsing;
    return KeyEffect::draw;
  }
  if (mode_ == Mode::filtering) return on_filter_key(key);
  switch (key.kind) {
    case KeyKind::escape:
      return KeyEffect::quit;
    case KeyKind::up:
      first_row_ -= std::min<std::size_t>(first_row_, 1);
      return KeyEffect::draw;
    case KeyKind::down:
      ++first_row_;
      return KeyEffect::draw;
    case KeyKind::page_up:
      first_row_ -= std::min(first_row_, page_rows_);
      return KeyEffect::draw;
    case KeyKind::page_down:
      first_row_ += page_rows_;
      return KeyEffect::draw;
    case KeyKind::home:
      first_row_ = 0;
      return KeyEffect::draw;
    case KeyKind::end:
      first_row_ = shown_.cluster.workers().size() + shown_.cluster.managers().size() +
                   shown_.cluster.state().clients.size();
      return KeyEffect::draw;
    case KeyKind::text:
      return on_letter(key.letter, heard, now);
    default:
      return KeyEffect::none;
  }
}

KeyEffect TopScreen::on_filter_key(Key key) {
  std::string& filter = choices_.filter;
  first_row_ = 0;
  if (key.kind == KeyKind::text && filter.size() < filter_bytes_max) filter += key.letter;
  if (key.kind == KeyKind::backspace) remove_last_character(filter);
  if (key.kind == KeyKind::escape) filter = filter_before_;
  if (key.kind == KeyKind::escape || key.kind == KeyKind::enter) mode_ = Mode::browsing;
  return KeyEffect::draw;
}

KeyEffect TopScreen::on_letter(char letter, const Heard& heard, TimePoint now) {
  if (sort_by_letter(letter)) return KeyEffect::draw;
  switch (letter) {
    case 'q':
      return KeyEffect::quit;
    case '?':
      mode_ = Mode::helping;
      return KeyEffect::draw;
    case '/':
      mode_ = Mode::filtering;
      filter_before_ = choices_.filter;
      return KeyEffect::draw;
    case '<':
      move_sort_column(-1);
      return KeyEffect::draw;
    case '>':
      move_sort_column(1);
      return KeyEffect::draw;
    case 'r':
      choices_.order.direction = opposite(choices_.order.direction);
      return KeyEffect::draw;
    case 'p':
      choices_.paused = !choices_.paused;
      if (!choices_.paused) show(heard, now);
      return KeyEffect::draw;
    case '+':
      choices_.period = next_period(choices_.period, 1);
      return KeyEffect::draw;
    case '-':
      choices_.period = next_period(choices_.period, -1);
      return KeyEffect::draw;
    case '1':
    case '2':
    case '3':
      choices_.listing = static_cast<Listing>(letter - '1');
      first_row_ = 0;
      return KeyEffect::draw;
    default:
      return KeyEffect::none;
  }
}

// The first press of a key sorts downwards, the same key again the other way round.
bool TopScreen::sort_by_letter(char letter) {
  for (const SortKey& key : sort_keys) {
    if (key.letter != letter) continue;
    Order& order = choices_.order;
    order = key.column == order.by ? Order{order.by, opposite(order.direction)}
                                   : Order{key.column, Direction::descending};
    return true;
  }
  return false;
}

void TopScreen::move_sort_column(int step) {
  const int place = static_cast<int>(choices_.order.by) + step;
  if (place >= 0 && place < static_cast<int>(column_count))
    choices_.order.by = static_cast<Column>(place);
}

std::string TopScreen::notice(TimePoint now, const std::string& trouble) const {
  if (mode_ == Mode::filtering) return "/" + display_text(choices_.filter) + "_";
  const std::string age = seconds_text(shown_.cluster.age(now));
  std::string text;
  const auto add = [&](std::string_view part) {
    if (!text.empty()) text += "; ";
    text += part;
  };
  if (!trouble.empty()) add(fmt::format("{} old: {}", age, display_text(trouble)));
  if (choices_.paused)
    add(trouble.empty() ? fmt::format("paused, {} old", age) : std::string("paused"));
  if (!choices_.filter.empty()) add(fmt::format("only '{}'", display_text(choices_.filter)));
  if (choices_.period != periods.front())
    add(fmt::format("every {}", seconds_text(choices_.period)));
  return text;
}

Frame TopScreen::draw(TerminalSize size, TimePoint now, const std::string& trouble) {
  if (mode_ == Mode::helping) return draw_help(size);
  PictureRequest request{size, first_row_, notice(now, trouble), true, !trouble.empty()};
  Picture picture = draw_picture(shown_, choices_, request);
  first_row_ = picture.first_row;
  page_rows_ = std::max<std::size_t>(picture.page_rows, 1);
  return std::move(picture.frame);
}

std::string picture_text(const Heard& heard, std::size_t columns) {
  constexpr std::size_t endless = 1'000'000;
  PictureRequest request{{columns, endless}, 0, {}, false, false};
  std::string text;
  for (const Line& line : draw_picture(heard, {}, request).frame) {
    const std::size_t end = line.text.find_last_not_of(' ');
    text += line.text.substr(0, end == std::string::npos ? 0 : end + 1);
    text += '\n';
  }
  return text;
}

}  // namespace scaler::view

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scaler/base/time.hpp"
#include "scaler/view/cluster_view.hpp"
#include "scaler/view/function_counts.hpp"
#include "scaler/view/terminal_keys.hpp"

// The terminal monitor, without a terminal: what it shows is a function of what was heard, of the
// keys that were pressed and of the size.
namespace scaler::view {

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
  friend bool operator==(const TerminalSize&, const TerminalSize&) = default;
};

enum class Style : std::uint8_t { plain, heading, notice, faint };

struct Line {
  std::string text;  // UTF-8 without control characters, at most as wide as the screen
  Style style = Style::plain;
  friend bool operator==(const Line&, const Line&) = default;
};
using Frame = std::vector<Line>;  // at most as many as the screen has rows

// Everything that a stream has told.
struct Heard {
  ClusterView cluster;
  FunctionCounts functions;
  void on_message(const wire::Message& message, TimePoint now) {
    cluster.on_message(message, now);
    functions.on_message(message);
  }
};

enum class Listing : std::uint8_t { workers, managers, clients };
enum class KeyEffect : std::uint8_t { none, draw, redraw, quit };  // redraw: every line anew

// What the keys have chosen.
struct Choices {
  Listing listing = Listing::workers;
  Order order;
  std::string filter;
  bool paused = false;
  Duration period = 1s;  // between one picture and the next
};

class TopScreen {
 public:
  // A state has come: shows it, unless paused or before the period is over.
  void on_heard(const Heard& heard, TimePoint now);
  KeyEffect on_key(Key key, const Heard& heard, TimePoint now);
  // `trouble`: why nothing comes at present; empty while all is well.
  Frame draw(TerminalSize size, TimePoint now, const std::string& trouble);
  const Choices& choices() const { return choices_; }

 private:
  enum class Mode : std::uint8_t { browsing, filtering, helping };
  KeyEffect on_filter_key(Key key);
  KeyEffect on_letter(char letter, const Heard& heard, TimePoint now);
  bool sort_by_letter(char letter);
  void move_sort_column(int step);
  void show(const Heard& heard, TimePoint now);
  std::string notice(TimePoint now, const std::string& trouble) const;

  Choices choices_;
  Mode mode_ = Mode::browsing;
  std::string filter_before_;  // what Escape goes back to
  std::size_t first_row_ = 0;
  std::size_t page_rows_ = 1;  // of the last drawing
  Heard shown_;
  std::optional<TimePoint> shown_at_;
};

// One picture as text, for a pipe or a file: no keys, and every row. Lines end with a line break.
std::string picture_text(const Heard& heard, std::size_t columns);
// One state as a JSON object and a line break.
std::string picture_json(const ClusterView& view);

}  // namespace scaler::view

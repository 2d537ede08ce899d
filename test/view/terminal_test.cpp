#include <catch2/catch.hpp>

#include "scaler/view/terminal_keys.hpp"
#include "scaler/view/terminal_paint.hpp"
#include "view/terminal_text.hpp"

// The bytes between a screen and a terminal.
namespace scaler::view {
namespace {

using Keys = std::vector<Key>;

Key letter(char value) { return {KeyKind::text, value}; }

Keys read_whole(std::string_view bytes) {
  KeyReader reader;
  return reader.read(bytes);
}

// A terminal that understands what paint writes, and asserts that nothing else comes.
class Paper {
 public:
  void show(std::string_view bytes) {
    while (!bytes.empty()) {
      if (bytes[0] != '\x1b') {
        at(row_).insert(column_++, 1, bytes[0]);
        bytes.remove_prefix(1);
        continue;
      }
      REQUIRE(bytes[1] == '[');
      const std::size_t end = bytes.find_first_not_of("0123456789;", 2);
      obey(bytes[end], std::string(bytes.substr(2, end - 2)));
      bytes.remove_prefix(end + 1);
    }
  }
  std::vector<std::string> lines() const {
    auto lines = lines_;
    while (!lines.empty() && lines.back().empty()) lines.pop_back();
    return lines;
  }

 private:
  std::string& at(std::size_t row) {
    if (lines_.size() <= row) lines_.resize(row + 1);
    return lines_[row];
  }
  void obey(char command, const std::string& numbers) {
    if (command == 'H') {
      row_ = static_cast<std::size_t>(std::stoi(numbers)) - 1;
      column_ = 0;
    } else if (command == 'K') {
      at(row_).resize(column_);
    } else if (command == 'J') {
      lines_.clear();
    } else {
      REQUIRE(command == 'm');
    }
  }

  std::vector<std::string> lines_;
  std::size_t row_ = 0;
  std::size_t column_ = 0;
};

}  // namespace

TEST_CASE("letters and sequences become keys", "[view]") {
  REQUIRE(read_whole("q?") == Keys{letter('q'), letter('?')});
  REQUIRE(read_whole("\x1b[A\x1b[B") == Keys{{KeyKind::up}, {KeyKind::down}});
  REQUIRE(read_whole("\x1bOA\x1bOH\x1bOF") == Keys{{KeyKind::up}, {KeyKind::home}, {KeyKind::end}});
  REQUIRE(read_whole("\x1b[5~\x1b[6~") == Keys{{KeyKind::page_up}, {KeyKind::page_down}});
  REQUIRE(read_whole("\x1b[H\x1b[F") == Keys{{KeyKind::home}, {KeyKind::end}});
  REQUIRE(read_whole("\x1b[1~\x1b[4~\x1b[7~\x1b[8~") ==
          Keys{{KeyKind::home}, {KeyKind::end}, {KeyKind::home}, {KeyKind::end}});
  REQUIRE(read_whole("\r\n\b\x7f\x0c") == Keys{{KeyKind::enter},
                                               {KeyKind::enter},
                                               {KeyKind::backspace},
                                               {KeyKind::backspace},
                                               {KeyKind::redraw}});
}

TEST_CASE("sequences that mean nothing are swallowed whole", "[view]") {
  for (const std::string_view bytes : {"\x1b[15~q", "\x1b[1;5Aq", "\x1b[<0;3;4Mq", "\x1bOPq",
                                       "\x1b"
                                       "cq",
                                       "\x01\x1b[Zq", "\x1b[\x01q"})
    REQUIRE(read_whole(bytes) == Keys{letter('q')});
}

TEST_CASE("a key may come in pieces", "[view]") {
  KeyReader reader;
  REQUIRE(reader.read("\x1b").empty());
  REQUIRE(reader.waits());
  REQUIRE(reader.read("[").empty());
  REQUIRE(reader.read("5").empty());
  REQUIRE(reader.read("~c") == Keys{{KeyKind::page_up}, letter('c')});
  REQUIRE_FALSE(reader.waits());
}

TEST_CASE("an Escape that nothing follows is the key itself", "[view]") {
  KeyReader reader;
  REQUIRE(reader.read("\x1b").empty());
  REQUIRE(reader.flush() == Keys{{KeyKind::escape}});
  REQUIRE(reader.flush().empty());
  REQUIRE(reader.read("\x1b[").empty());
  REQUIRE(reader.flush().empty());  // the beginning of a sequence is no key
  REQUIRE(reader.read("\x1b").empty());
  REQUIRE(reader.read("q") == Keys{{KeyKind::escape}, letter('q')});
  REQUIRE(reader.read("\x1b\x1b") == Keys{{KeyKind::escape}});
  REQUIRE(reader.flush() == Keys{{KeyKind::escape}});
}

TEST_CASE("a sequence without an end is held in bounded memory", "[view]") {
  KeyReader reader;
  reader.read("\x1b[");
  for (int i = 0; i < 1000; ++i) reader.read("1111111111");
  REQUIRE(reader.read("~") == Keys{letter('~')});
}

TEST_CASE("only lines that differ are written, and the terminal shows the frame", "[view]") {
  const Frame first = {{"one", Style::plain}, {"two", Style::heading}, {"three", Style::faint}};
  const Frame second = {{"one", Style::plain}, {"2", Style::notice}};
  Paper paper;
  paper.show(paint_everything(first, Letters::utf8));
  REQUIRE(paper.lines() == std::vector<std::string>{"one", "two", "three"});
  const std::string change = paint(first, second, Letters::utf8);
  REQUIRE(change.find("one") == std::string::npos);
  paper.show(change);
  REQUIRE(paper.lines() == std::vector<std::string>{"one", "2"});
  REQUIRE(paint(second, second, Letters::utf8).empty());
  REQUIRE_FALSE(paint({{"x", Style::plain}}, {{"x", Style::faint}}, Letters::utf8).empty());
}

TEST_CASE("a terminal without UTF-8 gets a question mark for each column", "[view]") {
  const Frame frame = {{"a\u00e9\u6f22b", Style::plain}};
  REQUIRE(paint({}, frame, Letters::utf8).find("a\u00e9\u6f22b") != std::string::npos);
  REQUIRE(paint({}, frame, Letters::ascii).find("a???b") != std::string::npos);
}

TEST_CASE("text is measured and cut by columns", "[view]") {
  REQUIRE(columns_of("abc") == 3);
  REQUIRE(columns_of("\u00e9\u6f22e\u0301") == 4);  // narrow, wide, and a letter with its mark
  REQUIRE(fitting("\u6f22\u6f22", 3) == "\u6f22");
  REQUIRE(cut("abc", 3) == "abc");
  REQUIRE(cut("abcd", 3) == "ab+");
  REQUIRE(cut("abcd", 0).empty());
  REQUIRE(right_aligned("ab", 4) == "  ab");
  REQUIRE(right_aligned("\u6f22\u6f22\u6f22", 4) == " \u6f22+");
}

TEST_CASE("a narrow name keeps the part that tells it from others", "[view]") {
  const std::string_view name = "Worker|FIX|d3261bed1f00f4c2";
  REQUIRE(cut_name(name, 40) == name);
  REQUIRE(cut_name(name, 21) == "Worker|FIX|d3261bed1+");
  REQUIRE(cut_name(name, 20) == "FIX|d3261bed1f00f4c2");
  REQUIRE(cut_name(name, 9) == "FIX|d326+");
  REQUIRE(cut_name("Client|d3261bed1f00f4c2", 9) == "d3261bed+");
  REQUIRE(cut_name("2732890|host|d3261bed", 9) == "2732890|+");
}

}  // namespace scaler::view

#include "view/terminal_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "scaler/view/formats.hpp"
#include "view/terminal_text.hpp"
#include "view/words.hpp"

namespace scaler::view {
namespace {

using wire::TaskState;

struct Entry {
  std::string key;
  std::string value;
};

struct Block {
  std::string title;
  std::vector<Entry> entries;
  unsigned drop_rank;  // the highest goes first; 0: never

  std::size_t key_width() const {
    std::size_t width = columns_of(title);
    for (const Entry& entry : entries) width = std::max(width, columns_of(entry.key));
    return width;
  }
  std::size_t value_width() const {
    std::size_t width = 0;
    for (const Entry& entry : entries) width = std::max(width, entry.value.size());
    return width;
  }
  std::size_t width() const { return key_width() + 1 + value_width(); }
};

// As a task goes through them; what ends it badly, and what passes, last.
constexpr std::array state_order = {TaskState::inactive,
                                    TaskState::running,
                                    TaskState::success,
                                    TaskState::failed,
                                    TaskState::failed_worker_died,
                                    TaskState::canceled,
                                    TaskState::canceled_not_found,
                                    TaskState::canceling,
                                    TaskState::balance_canceling,
                                    TaskState::balance_canceled,
                                    TaskState::worker_disconnecting};
constexpr std::size_t states_always_shown = 3;

// Where there is little room, states without tasks are left out.
std::vector<Entry> task_entries(const wire::StateScheduler& state, std::size_t entries_max) {
  std::vector<Entry> entries;
  const bool short_of_room = state.tasks.size() > entries_max;
  for (std::size_t i = 0; i < state_order.size(); ++i) {
    const auto said = std::find_if(state.tasks.begin(), state.tasks.end(), [&](const auto& count) {
      return count.state == state_order[i];
    });
    if (said == state.tasks.end()) continue;
    if (short_of_room && said->count == 0 && i >= states_always_shown) continue;
    entries.push_back({std::string(name_of(said->state)), count_text(said->count)});
  }
  return entries;
}

std::vector<Entry> message_entries(const std::vector<wire::StateScheduler::MessageCount>& counts) {
  std::vector<Entry> entries;
  for (const auto& count : counts)
    entries.push_back({cut(display_text(count.kind), 30), count_text(count.number)});
  return entries;
}

void shorten(std::vector<Entry>& entries, std::size_t entries_max) {
  constexpr std::size_t worth_a_word = 3;  // in fewer rows, what is there says more
  if (entries.size() <= entries_max) return;
  if (entries_max < worth_a_word) return entries.resize(entries_max);
  const std::size_t left_out = entries.size() - entries_max + 1;
  entries.resize(entries_max - 1);
  entries.push_back({fmt::format("+{} more", left_out), ""});
}

std::vector<Block> blocks_of(const wire::StateScheduler& state, std::size_t entries_max) {
  std::vector<Block> blocks = {{"scheduler",
                                {{"cpu", percent_text(state.scheduler.cpu_permille)},
                                 {"rss", bytes_text(state.scheduler.rss_bytes)},
                                 {"rss_free", bytes_text(state.rss_free_bytes)}},
                                0},
                               {"object_manager", {{"num_of_objs", count_text(state.objects)}}, 2},
                               {"task_manager", task_entries(state, entries_max), 1},
                               {"scheduler_sent", message_entries(state.sent), 3},
                               {"scheduler_received", message_entries(state.received), 4}};
  for (Block& block : blocks) shorten(block.entries, entries_max);
  return blocks;
}

void drop_what_does_not_fit(std::vector<Block>& blocks, std::size_t columns) {
  const auto total = [&] {
    std::size_t width = 0;
    for (const Block& block : blocks) width += block.width() + 3;
    return width - 3;
  };
  while (blocks.size() > 1 && total() > columns)
    blocks.erase(std::max_element(blocks.begin(), blocks.end(), [](const Block& a, const Block& b) {
      return a.drop_rank < b.drop_rank;
    }));
}

}  // namespace

std::vector<std::string> summary_lines(const wire::StateScheduler& state, std::size_t columns,
                                       std::size_t rows_max) {
  if (rows_max == 0) return {};
  auto blocks = blocks_of(state, rows_max - 1);
  drop_what_does_not_fit(blocks, columns);
  std::size_t rows = 0;
  for (const Block& block : blocks) rows = std::max(rows, block.entries.size() + 1);
  std::vector<std::string> lines(rows);
  for (const Block& block : blocks)
    for (std::size_t row = 0; row < rows; ++row) {
      static const Entry nothing;
      const Entry title{block.title, ""};
      const Entry& entry = row == 0                      ? title
                           : row <= block.entries.size() ? block.entries[row - 1]
                                                         : nothing;
      if (&block != &blocks.front()) lines[row] += " | ";
      lines[row] += right_aligned(entry.key, block.key_width()) + ' ' +
                    right_aligned(entry.value, block.value_width());
    }
  return lines;
}

}  // namespace scaler::view

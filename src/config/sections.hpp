#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/option_table.hpp"
#include "config/toml_document.hpp"
#include "scaler/config/machine.hpp"

namespace scaler::config {

// The words that a section gives for one option, and where.
struct TomlGiven {
  const Option* option = nullptr;
  const TomlEntry* entry = nullptr;
  std::string place;  // "a.toml:3: max_task_concurrency"
};

// The section that this table reads: none when the file has no such section. A worker manager reads
// the entry whose `type` is its kind; when several are, `manager_id` (empty: not given) must
// choose.
Result<const TomlSection*> select_section(const Table& table, const TomlDocument& document,
                                          std::string_view manager_id);

// The entry's one text; empty when the section has no such key or more than one text there.
std::string text_in(const TomlSection& section, std::string_view key);

// One INFO note for each section that no command reads.
std::vector<Note> notes_on_unknown_sections(const TomlDocument& document);

// The options in a section, nested tables such as [scheduler.policy] flattened. A key that the
// table does not know becomes a note; an older key beside the present one is left out with a note;
// a key given twice is an error.
std::vector<TomlGiven> options_in(const Table& table, const TomlDocument& document,
                                  const TomlSection& section, std::vector<Note>& notes,
                                  std::vector<Error>& errors);

// An entry's words as the option's type wants them: a table of capabilities becomes "a,b=2".
Result<std::vector<std::string>> words_of(const TomlGiven& given);

}  // namespace scaler::config

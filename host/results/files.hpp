// Whole files written so that a crash leaves either the old or the new one.
#pragma once

#include <string>
#include <string_view>

namespace quern {

// Writes a temporary file beside it, syncs, renames. Throws Failure naming the file and the system's reason.
void write_file(const std::string& path, std::string_view bytes);
// Refuses, before any work, a path that write_file could not write: a folder, one in no folder, one where nothing may be written.
void refuse_unwritable(const std::string& path);
// Appends and syncs.
void append_file(const std::string& path, std::string_view bytes);
// Throws BadRequest if it cannot be read.
std::string read_file(const std::string& path);
// Syncs a file that was written by something else, then renames it.
void commit_file(const std::string& temporary, const std::string& path);

}  // namespace quern

#include "host/results/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "host/base/error.hpp"

namespace quern {
namespace {

[[noreturn]] void fail(const std::string& what, const std::string& path) {
  throw Failure(fmt::format("cannot {} '{}': {}. Free space or choose another folder, then run the same command again", what,
                            path, std::strerror(errno)));
}

void sync_folder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY);
  if (descriptor < 0) return;
  ::fsync(descriptor);   // not every file system allows it; the rename stands either way
  ::close(descriptor);
}

// `name` is what a message calls the file.
void write_all(const std::string& path, const std::string& name, std::string_view bytes, int flags) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
  if (descriptor < 0) fail("write", name);
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int reason = errno;
      ::close(descriptor);
      errno = reason;
      fail("write", name);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  const int synced = ::fsync(descriptor);
  const int reason = errno;
  const bool is_pipe = synced != 0 && (reason == EINVAL || reason == ENOTSUP || reason == EROFS);
  ::close(descriptor);
  errno = reason;
  if (synced != 0 && !is_pipe) fail("write", name);
}

}  // namespace

void refuse_unwritable(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    throw BadRequest(fmt::format("'{}' is a folder, so no file of this name can be written. Name a file in it", path));
  }
  const std::string above = std::filesystem::path(path).parent_path().string(), folder = above.empty() ? "." : above;
  if (!std::filesystem::is_directory(folder, ignored)) {
    throw BadRequest(fmt::format("there is no folder '{}', so '{}' cannot stand there. Make it, or choose another file", folder, path));
  }
  const bool is_device = std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored);
  if (::access(is_device ? path.c_str() : folder.c_str(), W_OK) != 0) fail("write", path);
}

void write_file(const std::string& path, std::string_view bytes) {
  // A pipe or device (/dev/stdout) cannot be renamed onto.
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    write_all(path, path, bytes, 0);
    return;
  }
  refuse_unwritable(path);
  const std::string temporary = fmt::format("{}.tmp{}", path, ::getpid());
  try {
    write_all(temporary, path, bytes, O_TRUNC);
    if (std::rename(temporary.c_str(), path.c_str()) != 0) fail("rename to", path);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder(path);
}

void append_file(const std::string& path, std::string_view bytes) { write_all(path, path, bytes, O_APPEND); }

std::string read_file(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) throw BadRequest(fmt::format("cannot read '{}': {}. Check the name", path, std::strerror(errno)));
  std::string text;
  std::error_code unknown;
  const auto size = std::filesystem::file_size(path, unknown);
  if (!unknown) text.reserve(static_cast<std::size_t>(size));
  char buffer[65536];
  std::size_t count = 0;
  while ((count = std::fread(buffer, 1, sizeof buffer, file)) > 0) text.append(buffer, count);
  const bool failed = std::ferror(file) != 0;
  std::fclose(file);
  if (failed) throw BadRequest(fmt::format("cannot read '{}': it is a folder or its disk fails", path));
  return text;
}

void commit_file(const std::string& temporary, const std::string& path) {
  const int descriptor = ::open(temporary.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail("open", temporary);
  const int synced = ::fsync(descriptor);
  ::close(descriptor);
  if (synced != 0) fail("write", temporary);
  if (std::rename(temporary.c_str(), path.c_str()) != 0) fail("rename to", path);
  sync_folder(path);
}

}  // namespace quern

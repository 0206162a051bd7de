// Work shared among threads that the caller asked for. Tasks are numbered; what a task computes must not depend on who runs it.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sojourn {

/// Called now and then on the calling thread while work runs, with the share done in [0, 1]. It may throw to stop the work
/// (sojourn::Interrupted on ctrl-C); the exception then leaves the verb that was called, and nothing is half-written.
using Watch = std::function<void(double)>;

/// How to run: number of threads (0: all the machine has) and who watches. The answer never depends on either.
struct Run {
  std::size_t threads = 0;
  Watch watch = {};

  [[nodiscard]] std::size_t count() const { return threads != 0 ? threads : std::max<std::size_t>(1, std::thread::hardware_concurrency()); }
};

/// Runs `task(i)` for i in [0, tasks), on up to `run.count()` threads. When tasks fail, no further ones start, and the exception of the
/// lowest-numbered failure is rethrown: tasks start in order, so that it is the same one for any number of threads.
template <class Task>
void parallel_for(std::size_t tasks, const Run& run, const Task& task) {
  const std::size_t threads = std::min(run.count(), tasks);
  std::atomic<std::size_t> next{0};
  std::atomic<bool> stop{false};
  std::exception_ptr error;
  std::size_t failed = tasks;
  std::mutex error_mutex;
  const auto attempt = [&](std::size_t i, const auto& f) {
    try {
      f();
    } catch (...) {
      const std::lock_guard lock(error_mutex);
      if (!error || i < failed) error = std::current_exception(), failed = i;
      stop = true;
    }
  };
  const auto work = [&](bool watching) {
    auto last = std::chrono::steady_clock::now();
    while (!stop) {
      const std::size_t i = next++;
      if (i >= tasks) return;
      attempt(i, [&] { task(i); });
      if (!watching) continue;
      const auto now = std::chrono::steady_clock::now();
      if (now - last < std::chrono::milliseconds{50}) continue;
      last = now;
      attempt(tasks, [&] { run.watch(static_cast<double>(i + 1) / static_cast<double>(tasks)); });
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t t = 1; t < threads; ++t) others.emplace_back(work, false);
    work(static_cast<bool>(run.watch));
  }
  if (error) std::rethrow_exception(error);
}

/// Half-open ranges that cut [0, n) into about `pieces` equal parts.
struct Slice {
  std::size_t begin = 0, end = 0;
};

inline std::vector<Slice> slices(std::size_t n, std::size_t pieces) {
  pieces = std::clamp<std::size_t>(pieces, 1, std::max<std::size_t>(1, n));
  std::vector<Slice> out(pieces);
  for (std::size_t i = 0; i < pieces; ++i) out[i] = {n * i / pieces, n * (i + 1) / pieces};
  return out;
}

}  // namespace sojourn

// Who speaks, when, where and of what: the feedback that the moments of one household cause, and what it says out of the blue.
// Chance of a voice: the moment's own × how readily the household's group answers × the response asked for × 1.7 for a score up to 6, 1.1 for 9 and
// 10, 0.75 between: the unhappy speak most, the indifferent least.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "sojourn/datasets/chance.hpp"
#include "sojourn/datasets/insurer_parameters.hpp"
#include "sojourn/datasets/insurer_rows.hpp"

namespace sojourn::datasets {

class Voices {
 public:
  Voices(const InsurerParameters& parameters, Second start, Second end, std::int64_t household, Segment segment, Chance& chance,
         std::vector<VoiceRow>& out)
      : p_(parameters),
        start_(start),
        end_(end),
        household_(household),
        segment_(segment),
        chance_(chance),
        out_(out),
        temper_(chance.normal(0, 0.7)) {}

  /// A moment happened at `time`; its KPI was met or not. Only moments inside the observation are listened to.
  void moment(Truth truth, Second time, std::uint32_t event, Key key, bool kept) {
    if (time < start_ || time >= end_) return;
    const auto m = static_cast<std::size_t>(truth);
    const int score = draw_score(insurer_rates::score[m][kept ? 0 : 1]);
    const double mood = score <= 6 ? 1.7 : score >= 9 ? 1.1 : 0.75;
    const double answers = insurer_rates::voices[m] * insurer_rates::segment_answers[group()] * mood * p_.response;
    if (!chance_.happens(std::min(0.95, answers))) return;
    const Second heard = time + std::max<Second>(1, static_cast<Second>(draw_delay(insurer_rates::delay[m]) * static_cast<double>(seconds_a_day)));
    if (heard >= end_) return;
    VoiceRow voice = speak(heard, insurer_rates::heard[m], insurer_rates::about[m], score);
    voice.cause = truth;
    voice.event = event;
    voice.cause_time = time;
    const bool written = voice.source == Source::call || voice.source == Source::email;  // with a file number, perhaps
    if (voice.source == Source::survey || (written && chance_.happens(0.35))) voice.key = key;
    out_.push_back(voice);
  }

  /// What is said out of the blue between two times.
  void background(Second from, Second to) {
    from = std::max(from, start_);
    to = std::min(to, end_);
    const double rate = insurer_rates::caused * p_.background / (1 - p_.background) / 365.25 / static_cast<double>(seconds_a_day);
    if (rate == 0) return;
    for (double t = static_cast<double>(from) + chance_.exponential(1 / rate); t < static_cast<double>(to); t += chance_.exponential(1 / rate))
      out_.push_back(speak(static_cast<Second>(t), insurer_rates::background_heard, insurer_rates::about[truths], draw_score(6.8)));
  }

 private:
  [[nodiscard]] std::size_t group() const { return static_cast<std::size_t>(segment_); }
  int draw_score(double mean) {
    return std::clamp(static_cast<int>(std::lround(chance_.normal(mean + temper_ + insurer_rates::segment_score[group()], 1.8))), 0, 10);
  }
  double draw_delay(double mean) {
    constexpr double horizon = 60;
    for (;;) {
      const double days = p_.delay == Delay::exponential ? chance_.exponential(mean)
                          : p_.delay == Delay::weibull   ? chance_.weibull(mean, 0.7)
                                                         : chance_.lognormal(mean, 1.0);
      if (days < horizon) return days;
    }
  }
  VoiceRow speak(Second time, const std::array<double, sources>& heard, const std::array<double, topics>& about, int score) {
    VoiceRow voice{time, household_, static_cast<Source>(chance_.pick(heard)), -1, -1, -1, segment_, {}};
    const auto topic = static_cast<std::int8_t>(chance_.pick(about));
    if (!chance_.happens(p_.missing_topics)) voice.topic = topic;
    const bool scored = voice.source == Source::survey || voice.source == Source::review || (voice.source == Source::email && chance_.happens(0.4));
    if (scored) voice.score = static_cast<std::int8_t>(score);
    if (voice.source != Source::survey || chance_.happens(0.6)) {
      const int words = score >= 7 ? 2 : chance_.happens(0.5) ? 1 : 0;
      voice.sentence = static_cast<std::int8_t>(topic * 3 + words);
    }
    return voice;
  }

  const InsurerParameters& p_;
  Second start_, end_;
  std::int64_t household_;
  Segment segment_;
  Chance& chance_;
  std::vector<VoiceRow>& out_;
  double temper_;
};

}  // namespace sojourn::datasets

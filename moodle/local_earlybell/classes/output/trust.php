<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

namespace local_earlybell\output;

use local_earlybell\local\access;
use local_earlybell\local\config;
use local_earlybell\local\risks;
use local_earlybell\local\service_words;
use local_earlybell\local\trial;
use local_earlybell\local\words;

/**
 * How far to trust the risks of a course.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class trust implements \renderable, \templatable {
    /**
     * Of a course.
     *
     * @param \stdClass $course
     * @param \context_course $context
     * @param int $now
     */
    public function __construct(
        /** @var \stdClass the course */
        private readonly \stdClass $course,
        /** @var \context_course its context */
        private readonly \context_course $context,
        /** @var int the moment */
        private readonly int $now
    ) {
    }

    #[\Override]
    public function export_for_template(\renderer_base $output) {
        global $DB;
        $rows = $DB->get_records('local_earlybell_risk', ['courseid' => $this->course->id], '', 'userid, risk, band, modelversion');
        $userids = access::userids($this->course, $this->context);
        if ($userids !== null) {
            $rows = array_intersect_key($rows, array_flip($userids));
        }
        $rows = array_diff_key($rows, trial::held_out((int) $this->course->id));
        $known = array_filter($rows, fn(\stdClass $row): bool => $row->risk !== null);
        $flagged = array_filter($known, fn(\stdClass $row): bool => $row->band === 'high');
        // Risks are calibrated, so what they leave of 1 is what is to be expected to go well.
        $alarms = array_sum(array_map(fn(\stdClass $row): float => 1 - $row->risk, $flagged));
        $expected = array_sum(array_column($known, 'risk'));
        $correction = risks::correction((int) $this->course->id);
        $course = risks::course((int) $this->course->id);
        return [
            'notices' => notices::export($course, $this->now),
            'hasrisks' => (bool) $known,
            'falsealarms' => get_string('trust_alarms', 'local_earlybell', ['flagged' => count($flagged), 'alarms' => round($alarms)]),
            'baserate' => $known ? get_string('trust_base', 'local_earlybell', [
                'expected' => round($expected), 'total' => count($known), 'share' => words::percent($expected / count($known)),
            ]) : '',
            'insufficient' => get_string('trust_insufficient', 'local_earlybell', count($rows) - count($known)),
            'correction' => service_words::correction($correction),
            'correctionfrom' => $correction ? userdate($correction['time']) : '',
            'earlier' => $correction && isset($correction['expected'])
                ? get_string('trust_earlier', 'local_earlybell', words::percent((float) $correction['expected'])) : '',
            'version' => $course->modelversion,
            'cardurl' => config::text('cardurl'),
            'trial' => $this->trial(),
            'trialurl' => config::on('trial') && has_capability('local/earlybell:managetrial', $this->context)
                ? (new \moodle_url('/local/earlybell/trial.php', ['id' => $this->course->id]))->out(false) : '',
        ];
    }

    /**
     * What there is to say of a trial.
     *
     * @return string empty without one
     */
    private function trial(): string {
        $trial = trial::of((int) $this->course->id);
        if (!$trial || (!$trial->timeended && !config::on('trial'))) {
            return '';
        }
        $format = get_string('strftimedatefullshort', 'langconfig');
        return get_string($trial->timeended ? 'trust_trial_ended' : 'trust_trial', 'local_earlybell', [
            'started' => userdate($trial->timestarted, $format), 'ended' => userdate((int) $trial->timeended, $format),
        ] + (array) trial::counts((int) $this->course->id));
    }
}

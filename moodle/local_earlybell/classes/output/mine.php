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

use local_earlybell\local\config;
use local_earlybell\local\looks;
use local_earlybell\local\trial;
use local_earlybell\local\words;
use local_earlybell\local\work;
use local_earlybell\task\remind;

/**
 * A learner's own page: what would help, the work that is due, what is stored, and who looked. No ranks.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class mine implements \renderable, \templatable {
    /** Days of looks that are shown. */
    private const DAYS = 90;
    /** Looks that are shown at most. */
    private const LOOKS = 30;

    /**
     * Of a course.
     *
     * @param \stdClass $course
     * @param int $userid
     * @param int $now
     */
    public function __construct(
        /** @var \stdClass the course */
        private readonly \stdClass $course,
        /** @var int the learner */
        private readonly int $userid,
        /** @var int the moment */
        private readonly int $now
    ) {
    }

    #[\Override]
    public function export_for_template(\renderer_base $output) {
        global $DB;
        $key = ['courseid' => $this->course->id, 'userid' => $this->userid];
        $row = $DB->get_record('local_earlybell_risk', $key);
        $optedout = $DB->record_exists('local_earlybell_optout', $key);
        $list = work::of($this->course, [$this->userid], $this->now)[$this->userid];
        $todo = array_filter($list, fn(\stdClass $item): bool => in_array($item->state, ['soon', 'open', 'missed'], true));
        $looks = $this->looks();
        $contests = $DB->get_records('local_earlybell_action', $key + ['kind' => 'contest', 'timeundone' => 0], 'timecreated DESC');
        $weeks = $DB->count_records('local_earlybell_history', $key);
        return [
            'status' => get_string($optedout ? 'mine_out' : 'mine_' . ($row->band ?? 'none'), 'local_earlybell'),
            'optedout' => $optedout,
            'hasrisk' => (bool) $row,
            'percent' => $row && $row->risk !== null && config::on('showpercent')
                ? get_string('mine_percent', 'local_earlybell', words::percent((float) $row->risk)) : '',
            'helps' => $row ? $this->helps($row, $list) : [],
            'work' => learner::work(array_values($todo)),
            'haswork' => (bool) $todo,
            'stored' => $row ? get_string('mine_stored', 'local_earlybell', [
                'band' => get_string("band_$row->band", 'local_earlybell'),
                'time' => userdate($row->timecreated),
                'weeks' => $weeks,
            ]) : '',
            'reasons' => $row ? words::reasons($row->reasons, $this->course, null, 10) : [],
            'hasreasons' => $row && json_decode((string) $row->reasons),
            'looks' => $looks,
            'haslooks' => (bool) $looks,
            'contests' => array_values(array_map(fn(\stdClass $contest): array => [
                'text' => $contest->text, 'when' => userdate($contest->timecreated),
            ], $contests)),
            'trial' => trial::runs((int) $this->course->id),
            'reminders' => config::on('reminders'),
            'reminded' => (bool) get_user_preferences(remind::PREFERENCE, 0, $this->userid),
            'url' => (new \moodle_url('/local/earlybell/mine.php', ['id' => $this->course->id]))->out(false),
            'sesskey' => sesskey(),
        ];
    }

    /**
     * What would help, by what raises the risk and can be changed; each once, three at most.
     *
     * @param \stdClass $row
     * @param \stdClass[] $list
     * @return string[]
     */
    private function helps(\stdClass $row, array $list): array {
        $helps = [];
        $soon = work::due_soon($list);
        if ($soon) {
            $helps['soon'] = get_string('help_soon', 'local_earlybell', $soon->name);
        }
        foreach (json_decode((string) $row->reasons, true) ?: [] as $reason) {
            if (($reason['effect'] ?? 0) <= 0 || empty($reason['changeable'])) {
                continue;
            }
            $feature = (string) $reason['feature'];
            $kind = match (true) {
                (bool) preg_match('~^(missed|late|mean_delay)~', $feature) => 'work',
                (bool) preg_match('~(gap|since_activity|active|sessions|trend|clicks|course_page)~', $feature) => 'visit',
                (bool) preg_match('~^(quiz|attempts)~', $feature) => 'quiz',
                (bool) preg_match('~(score|points)~', $feature) => 'scores',
                (bool) preg_match('~^(forum|collaboration|live)~', $feature) => 'together',
                default => 'material',
            };
            $helps[$kind] = get_string("help_$kind", 'local_earlybell');
        }
        return array_slice(array_values($helps), 0, 3);
    }

    /**
     * Who looked: at this learner, or at the list of the course.
     *
     * @return array
     */
    private function looks(): array {
        $rows = array_slice(looks::at((int) $this->course->id, $this->userid, $this->now - self::DAYS * DAYSECS), 0, self::LOOKS);
        $people = new people(array_column($rows, 'actorid'));
        return array_map(fn(\stdClass $row): array => [
            'sentence' => get_string($row->userid ? 'look_learner' : 'look_list', 'local_earlybell', $people->name((int) $row->actorid)),
            'when' => userdate($row->timecreated),
        ], $rows);
    }
}

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

namespace local_earlybell\local;

/**
 * Reads what a course run's learners did, as rows of the canonical tables. It reads ids and times, never names.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class course_reader {
    /** Where each module has its deadline. */
    private const DUE = [
        'assign' => 'CASE WHEN duedate > 0 THEN duedate ELSE cutoffdate END',
        'quiz' => 'timeclose',
        'lesson' => 'deadline',
        'workshop' => 'submissionend',
        'scorm' => 'timeclose',
        'forum' => 'duedate',
    ];
    /** Modules of which attempts or submissions are read; of others, what was graded. */
    private const READ = ['assign', 'quiz', 'workshop', 'lesson', 'h5pactivity'];

    /** @var \stdClass[]|null the course's work, by grade item */
    private ?array $assessments = null;

    /**
     * Of a course.
     *
     * @param \stdClass $course
     * @param int $now
     */
    public function __construct(
        /** @var \stdClass the course */
        private readonly \stdClass $course,
        /** @var int the moment */
        private readonly int $now
    ) {
    }

    /**
     * What is sent of some learners.
     *
     * @param pseudonym $pseudonym
     * @param int[] $enrolledat by user id
     * @param array|null $correction bundle and shift
     * @param string $trial digest of the arms of a trial; empty for none
     * @return payload
     */
    public function payload(pseudonym $pseudonym, array $enrolledat, ?array $correction, string $trial = ''): payload {
        $userids = array_keys($enrolledat);
        $rows = [
            'enrolments' => $this->enrolments($enrolledat),
            'events' => $this->events($userids),
            'assessments' => array_map(fn(\stdClass $item): array => [
                'assessment_id' => $item->assessmentid,
                'kind' => $item->module,
                'role' => 'none',
                'due_at' => $item->due ?: null,
                'weight' => $item->weight,
                'max_score' => $item->max,
            ], array_values($this->assessments())),
            'extensions' => $this->extensions($userids),
            'submissions' => $this->submissions($userids),
            'breaks' => $this->breaks(),
        ];
        return new payload($pseudonym, $this->run(), $rows, $this->now, $correction, $trial);
    }

    /**
     * The course run.
     *
     * @return array
     */
    private function run(): array {
        global $CFG;
        $names = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
        $weekend = array_filter($names, fn(int $i): bool => (bool) ((int) ($CFG->calendar_weekend ?? 65) >> $i & 1), ARRAY_FILTER_USE_KEY);
        // Of what Moodle has purged from its log, nobody knows whether there was any.
        $days = (int) get_config('logstore_standard', 'loglifetime');
        $since = $this->now - $days * DAYSECS;
        return [
            'course_id' => (string) $this->course->id,
            'code' => config::code($this->course) ?? (string) $this->course->shortname,
            'starts_at' => (int) $this->course->startdate,
            'ends_at' => (int) $this->course->enddate ?: null,
            'granularity' => 'raw',
            'timezone' => \core_date::get_server_timezone(),
            'weekend' => $weekend ? implode(',', $weekend) : 'none',
            'complete_from' => $days > 0 && $since > $this->course->startdate ? $since : null,
            'complete_until' => null,
        ];
    }

    /**
     * One row a learner, and how many earlier runs of the course each was enrolled in.
     *
     * @param int[] $enrolledat by user id
     * @return array
     */
    private function enrolments(array $enrolledat): array {
        global $DB;
        $prior = [];
        $code = config::code($this->course);
        if ($code !== null && $enrolledat) {
            $earlier = $DB->get_records_select(
                'course',
                'startdate > 0 AND startdate < :start AND id <> :id',
                ['start' => $this->course->startdate, 'id' => $this->course->id],
                '',
                'id, shortname, idnumber'
            );
            $earlier = array_keys(array_filter($earlier, fn(\stdClass $run): bool => config::code($run) === $code));
            if ($earlier) {
                [$incourses, $params] = $DB->get_in_or_equal($earlier, SQL_PARAMS_NAMED, 'c');
                [$inusers, $userparams] = $DB->get_in_or_equal(array_keys($enrolledat), SQL_PARAMS_NAMED, 'u');
                $prior = $DB->get_records_sql_menu("
                    SELECT ue.userid, COUNT(DISTINCT e.courseid)
                      FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid
                     WHERE e.courseid $incourses AND ue.userid $inusers
                  GROUP BY ue.userid", $params + $userparams);
            }
        }
        $rows = [];
        foreach ($enrolledat as $userid => $time) {
            $attempts = $code === null ? null : (int) ($prior[$userid] ?? 0);
            $rows[] = ['userid' => $userid, 'enrolled_at' => $time, 'unenrolled_at' => null, 'prior_attempts' => $attempts];
        }
        return $rows;
    }

    /**
     * Acts of the learners in the log. Nobody's who was logged in as somebody else; no anonymous ones; none of this plugin's pages.
     *
     * @param int[] $userids
     * @return array
     */
    private function events(array $userids): array {
        global $DB;
        [$inusers, $params] = $DB->get_in_or_equal($userids, SQL_PARAMS_NAMED);
        $records = $DB->get_recordset_sql("
            SELECT DISTINCT userid, timecreated, component, action, target, objectid
              FROM {logstore_standard_log}
             WHERE courseid = :courseid AND anonymous = 0 AND timecreated < :now AND userid $inusers AND realuserid IS NULL
               AND (origin IS NULL OR (origin <> 'cli' AND origin <> 'restore')) AND component <> 'local_earlybell'
          ORDER BY timecreated, userid, component, action, target, objectid", $params + ['courseid' => $this->course->id, 'now' => $this->now]);
        $rows = [];
        foreach ($records as $record) {
            $rows[] = [
                'userid' => (int) $record->userid,
                'occurred_at' => (int) $record->timecreated,
                'component' => $record->component,
                'action' => $record->action,
                'target' => $record->target,
                'object_id' => $record->objectid === null ? null : (int) $record->objectid,
                'count' => 1,
            ];
        }
        $records->close();
        return $rows;
    }

    /**
     * The work of the course that learners can see.
     *
     * @return \stdClass[] by grade item: assessmentid, module, instance, cmid, name, due (0: none), weight, max, hidden
     */
    public function assessments(): array {
        global $DB;
        if ($this->assessments !== null) {
            return $this->assessments;
        }
        $items = $DB->get_records_sql("
            SELECT gi.id, gi.itemmodule, gi.iteminstance, gi.itemtype, gi.itemname, gi.grademax, gi.hidden, gi.categoryid, cm.id AS cmid
              FROM {grade_items} gi
         LEFT JOIN {modules} m ON m.name = gi.itemmodule
         LEFT JOIN {course_modules} cm ON cm.module = m.id AND cm.instance = gi.iteminstance AND cm.course = gi.courseid
                   AND cm.deletioninprogress = 0 AND cm.visible = 1
             WHERE gi.courseid = :courseid AND gi.gradetype IN (1, 2) AND gi.grademax > 0
               AND (gi.itemtype = 'manual' OR (gi.itemtype = 'mod' AND gi.itemnumber = 0 AND cm.id IS NOT NULL))
          ORDER BY gi.sortorder, gi.id", ['courseid' => $this->course->id]);
        $weights = $items ? $this->weights() : [];
        $due = [];
        foreach (array_unique(array_column($items, 'itemmodule')) as $module) {
            if (isset(self::DUE[$module])) {
                $due[$module] = $DB->get_records_sql_menu(
                    'SELECT id, ' . self::DUE[$module] . " AS due FROM {{$module}} WHERE course = :course",
                    ['course' => $this->course->id]
                );
            }
        }
        $this->assessments = [];
        foreach ($items as $item) {
            $module = $item->itemtype === 'manual' ? 'manual' : $item->itemmodule;
            $instance = (int) ($item->itemtype === 'manual' ? $item->id : $item->iteminstance);
            $this->assessments[(int) $item->id] = (object) [
                'assessmentid' => "$module-$instance",
                'module' => $module,
                'instance' => $instance,
                'cmid' => (int) $item->cmid,
                'name' => (string) $item->itemname,
                'due' => (int) ($due[$module][$instance] ?? 0),
                'weight' => $weights[(int) $item->id] ?? null,
                'max' => (float) $item->grademax,
                'hidden' => $item->hidden == 1 || $item->hidden > $this->now,
            ];
        }
        return $this->assessments;
    }

    /**
     * What each item weighs in the course's total, as the gradebook has computed it, down the tree of its categories.
     *
     * @return float[] by grade item
     */
    private function weights(): array {
        global $DB;
        $own = $DB->get_records_sql_menu("
            SELECT gi.id, AVG(gg.aggregationweight)
              FROM {grade_items} gi JOIN {grade_grades} gg ON gg.itemid = gi.id
             WHERE gi.courseid = :courseid AND gg.aggregationstatus = 'used' AND gg.aggregationweight IS NOT NULL
          GROUP BY gi.id", ['courseid' => $this->course->id]);
        $items = $DB->get_records('grade_items', ['courseid' => $this->course->id], '', 'id, itemtype, iteminstance, categoryid');
        $parents = $DB->get_records_menu('grade_categories', ['courseid' => $this->course->id], '', 'id, parent');
        $ofcategory = [];
        foreach ($items as $item) {
            if ($item->itemtype === 'category') {
                $ofcategory[$item->iteminstance] = $item->id;
            }
        }
        $weights = [];
        foreach ($items as $item) {
            $weight = isset($own[$item->id]) ? (float) $own[$item->id] : null;
            $category = $item->itemtype === 'category' ? null : $item->categoryid;
            while ($weight !== null && $category && !empty($parents[$category])) {
                $up = $own[$ofcategory[$category] ?? 0] ?? null;
                $weight = $up === null ? null : $weight * $up;
                $category = $parents[$category];
            }
            if ($weight !== null) {
                $weights[(int) $item->id] = round($weight, 6);
            }
        }
        return $weights;
    }

    /**
     * Later deadlines of single learners: a learner's own beats the group's.
     *
     * When it was granted is not stored by Moodle: what holds now has held from the start of the run.
     *
     * @param int[] $userids
     * @return array
     */
    public function extensions(array $userids): array {
        global $DB;
        [$inusers, $params] = $DB->get_in_or_equal($userids, SQL_PARAMS_NAMED);
        $params['course'] = $this->course->id;
        $due = [];
        // In the order of what counts more: later ones overwrite earlier ones.
        $queries = [
            ['assign', 'groups', "SELECT o.id, o.assignid AS instance, gm.userid, o.duedate AS due
                FROM {assign_overrides} o JOIN {assign} a ON a.id = o.assignid JOIN {groups_members} gm ON gm.groupid = o.groupid
               WHERE a.course = :course AND gm.userid $inusers AND o.duedate > 0 ORDER BY o.sortorder DESC"],
            ['assign', 'own', "SELECT o.id, o.assignid AS instance, o.userid, o.duedate AS due
                FROM {assign_overrides} o JOIN {assign} a ON a.id = o.assignid
               WHERE a.course = :course AND o.userid $inusers AND o.duedate > 0"],
            ['assign', 'later', "SELECT f.id, f.assignment AS instance, f.userid, f.extensionduedate AS due
                FROM {assign_user_flags} f JOIN {assign} a ON a.id = f.assignment
               WHERE a.course = :course AND f.userid $inusers AND f.extensionduedate > 0"],
            ['quiz', 'groups', "SELECT o.id, o.quiz AS instance, gm.userid, o.timeclose AS due
                FROM {quiz_overrides} o JOIN {quiz} q ON q.id = o.quiz JOIN {groups_members} gm ON gm.groupid = o.groupid
               WHERE q.course = :course AND gm.userid $inusers AND o.timeclose > 0 ORDER BY o.timeclose"],
            ['quiz', 'own', "SELECT o.id, o.quiz AS instance, o.userid, o.timeclose AS due
                FROM {quiz_overrides} o JOIN {quiz} q ON q.id = o.quiz
               WHERE q.course = :course AND o.userid $inusers AND o.timeclose > 0"],
        ];
        foreach ($queries as [$module, $how, $sql]) {
            $records = $DB->get_recordset_sql($sql, $params);
            foreach ($records as $record) {
                $key = "$module-$record->instance";
                $time = (int) $record->due;
                $due[$key][$record->userid] = $how === 'later' ? max($time, $due[$key][$record->userid] ?? 0) : $time;
            }
            $records->close();
        }
        $rows = [];
        foreach ($this->assessments() as $item) {
            foreach ($due[$item->assessmentid] ?? [] as $userid => $time) {
                $rows[] = [
                    'assessment_id' => $item->assessmentid,
                    'userid' => (int) $userid,
                    'due_at' => $time,
                    'granted_at' => min((int) $this->course->startdate, $this->now - 1),
                ];
            }
        }
        return $rows;
    }

    /**
     * What the learners handed in, and the scores that they can know.
     *
     * @param int[] $userids
     * @return array
     */
    public function submissions(array $userids): array {
        $items = [];
        foreach ($this->assessments() as $item) {
            $items[$item->module][$item->instance] = $item;
        }
        $rows = [];
        foreach (self::READ as $module) {
            if (isset($items[$module])) {
                $rows = array_merge($rows, $this->{"submissions_of_$module"}($userids, $items[$module]));
            }
        }
        $others = array_filter($this->assessments(), fn(\stdClass $item): bool => !in_array($item->module, self::READ, true));
        return $others ? array_merge($rows, $this->graded($userids, $others)) : $rows;
    }

    /**
     * A row of submissions.
     *
     * @param \stdClass $item
     * @param int $userid
     * @param int $time
     * @param int $attempt
     * @param float|null $score
     * @param int|null $gradedat
     * @param int|null $duration
     * @return array
     */
    private function submission(
        \stdClass $item,
        int $userid,
        int $time,
        int $attempt,
        ?float $score,
        ?int $gradedat,
        ?int $duration = null
    ): array {
        $known = $score !== null && $gradedat !== null && !$item->hidden;
        return [
            'assessment_id' => $item->assessmentid,
            'userid' => $userid,
            'submitted_at' => $time,
            'graded_at' => $known ? max($gradedat, $time) : null,
            'attempt' => $attempt,
            'score' => $known ? round($score, 5) : null,
            'duration_s' => $duration,
        ];
    }

    /**
     * Assignments: each attempt that was submitted. Team work is that of each member.
     *
     * @param int[] $userids
     * @param \stdClass[] $items by instance
     * @return array
     */
    private function submissions_of_assign(array $userids, array $items): array {
        global $DB;
        [$inusers, $params] = $DB->get_in_or_equal($userids, SQL_PARAMS_NAMED, 'u');
        [$inagain, $again] = $DB->get_in_or_equal($userids, SQL_PARAMS_NAMED, 'g');
        $records = $DB->get_recordset_sql("
            SELECT w.userid, w.assignment, w.attemptnumber, w.timemodified, g.grade, g.timemodified AS timegraded,
                   a.markingworkflow, f.workflowstate
              FROM (SELECT s.userid, s.assignment, s.attemptnumber, s.timemodified
                      FROM {assign_submission} s JOIN {assign} a1 ON a1.id = s.assignment
                     WHERE a1.course = :course AND s.status = 'submitted' AND s.userid $inusers
                     UNION ALL
                    SELECT gm.userid, s.assignment, s.attemptnumber, s.timemodified
                      FROM {assign_submission} s JOIN {assign} a2 ON a2.id = s.assignment
                      JOIN {groups_members} gm ON gm.groupid = s.groupid
                     WHERE a2.course = :also AND s.status = 'submitted' AND s.userid = 0 AND gm.userid $inagain) w
              JOIN {assign} a ON a.id = w.assignment
         LEFT JOIN {assign_grades} g ON g.assignment = w.assignment AND g.userid = w.userid AND g.attemptnumber = w.attemptnumber
         LEFT JOIN {assign_user_flags} f ON f.assignment = w.assignment AND f.userid = w.userid
          ORDER BY w.timemodified, w.userid, w.assignment, w.attemptnumber", $params + $again + ['course' => $this->course->id, 'also' => $this->course->id]);
        $rows = [];
        foreach ($records as $record) {
            if (!isset($items[$record->assignment])) {
                continue;
            }
            $released = !$record->markingworkflow || $record->workflowstate === 'released';
            $graded = $released && $record->grade !== null && $record->grade >= 0;
            $rows[] = $this->submission(
                $items[$record->assignment],
                (int) $record->userid,
                (int) $record->timemodified,
                1 + (int) $record->attemptnumber,
                $graded ? (float) $record->grade : null,
                $graded ? (int) $record->timegraded : null
            );
        }
        $records->close();
        return $rows;
    }

    /**
     * Quizzes: each finished attempt that is no preview.
     *
     * @param int[] $userids
     * @param \stdClass[] $items by instance
     * @return array
     */
    private function submissions_of_quiz(array $userids, array $items): array {
        global $DB;
        [$inusers, $params] = $DB->get_in_or_equal($userids, SQL_PARAMS_NAMED);
        $records = $DB->get_recordset_sql("
            SELECT qa.userid, qa.quiz, qa.attempt, qa.timestart, qa.timefinish, qa.sumgrades, q.sumgrades AS outof, q.grade
              FROM {quiz_attempts} qa JOIN {quiz} q ON q.id = qa.quiz
             WHERE q.course = :course AND qa.preview = 0 AND qa.state IN ('finished', 'submitted') AND qa.timefinish > 0
               AND qa.userid $inusers
          ORDER BY qa.timefinish, qa.id", $params + ['course' => $this->course->id]);
        $rows = [];
        foreach ($records as $record) {
            if (!isset($items[$record->quiz])) {
                continue;
            }
            $graded = $record->sumgrades !== null && $record->outof > 0;
            $rows[] = $this->submission(
                $items[$record->quiz],
                (int) $record->userid,
                (int) $record->timefinish,
                (int) $record->attempt,
                $graded ? $record->sumgrades / $record->outof * $record->grade : null,
                $graded ? (int) $record->timefinish : null,
                max(0, $record->timefinish - $record->timestart)
            );
        }
        $records->close();
        return $rows;
    }

    /**
     * Workshops: the learner's own submission, with the gradebook's grade.
     *
     * @param int[] $userids
     * @param \stdClass[] $items by instance
     * @return array
     */
    private function submissions_of_workshop(array $userids, array $items): array {
        global $DB;
        [$inusers, $params] = $DB->get_in_or_equal($userids, SQL_PARAMS_NAMED);
        $records = $DB->get_records_sql("
            SELECT s.id, s.authorid, s.workshopid, s.timecreated, g.finalgrade, g.timemodified
              FROM {workshop_submissions} s JOIN {workshop} w ON w.id = s.workshopid
         LEFT JOIN {grade_items} gi ON gi.itemtype = 'mod' AND gi.itemmodule = 'workshop' AND gi.iteminstance = w.id AND gi.itemnumber = 0
         LEFT JOIN {grade_grades} g ON g.itemid = gi.id AND g.userid = s.authorid
             WHERE w.course = :course AND s.example = 0 AND s.authorid $inusers", $params + ['course' => $this->course->id]);
        $rows = [];
        foreach ($records as $record) {
            if (isset($items[$record->workshopid])) {
                $score = $record->finalgrade === null ? null : (float) $record->finalgrade;
                $item = $items[$record->workshopid];
                $rows[] = $this->submission($item, (int) $record->authorid, (int) $record->timecreated, 1, $score, (int) $record->timemodified);
            }
        }
        return $rows;
    }

    /**
     * Lessons: each time that one was ended.
     *
     * @param int[] $userids
     * @param \stdClass[] $items by instance
     * @return array
     */
    private function submissions_of_lesson(array $userids, array $items): array {
        global $DB;
        [$inusers, $params] = $DB->get_in_or_equal($userids, SQL_PARAMS_NAMED);
        $records = $DB->get_records_sql("
            SELECT g.id, g.userid, g.lessonid, g.grade, g.completed
              FROM {lesson_grades} g JOIN {lesson} l ON l.id = g.lessonid
             WHERE l.course = :course AND g.completed > 0 AND g.userid $inusers
          ORDER BY g.completed, g.id", $params + ['course' => $this->course->id]);
        $rows = $tries = [];
        foreach ($records as $record) {
            if (isset($items[$record->lessonid])) {
                $item = $items[$record->lessonid];
                $try = $tries["$record->lessonid-$record->userid"] = 1 + ($tries["$record->lessonid-$record->userid"] ?? 0);
                $time = (int) $record->completed;
                $rows[] = $this->submission($item, (int) $record->userid, $time, $try, $record->grade / 100 * $item->max, $time);
            }
        }
        return $rows;
    }

    /**
     * H5P: each attempt that was completed.
     *
     * @param int[] $userids
     * @param \stdClass[] $items by instance
     * @return array
     */
    private function submissions_of_h5pactivity(array $userids, array $items): array {
        global $DB;
        [$inusers, $params] = $DB->get_in_or_equal($userids, SQL_PARAMS_NAMED);
        $records = $DB->get_records_sql("
            SELECT t.id, t.userid, t.h5pactivityid, t.attempt, t.rawscore, t.maxscore, t.duration, t.timemodified
              FROM {h5pactivity_attempts} t JOIN {h5pactivity} h ON h.id = t.h5pactivityid
             WHERE h.course = :course AND t.completion = 1 AND t.userid $inusers", $params + ['course' => $this->course->id]);
        $rows = [];
        foreach ($records as $record) {
            if (isset($items[$record->h5pactivityid])) {
                $item = $items[$record->h5pactivityid];
                $score = $record->maxscore > 0 ? $record->rawscore / $record->maxscore * $item->max : null;
                $time = (int) $record->timemodified;
                $rows[] = $this->submission($item, (int) $record->userid, $time, (int) $record->attempt, $score, $time, (int) $record->duration);
            }
        }
        return $rows;
    }

    /**
     * Any other work: what has a grade was handed in.
     *
     * @param int[] $userids
     * @param \stdClass[] $items by grade item
     * @return array
     */
    private function graded(array $userids, array $items): array {
        global $DB;
        [$inusers, $params] = $DB->get_in_or_equal($userids, SQL_PARAMS_NAMED, 'u');
        [$initems, $itemparams] = $DB->get_in_or_equal(array_keys($items), SQL_PARAMS_NAMED, 'i');
        $records = $DB->get_records_sql("
            SELECT g.id, g.itemid, g.userid, g.finalgrade, g.timecreated, g.timemodified
              FROM {grade_grades} g
             WHERE g.itemid $initems AND g.userid $inusers AND g.finalgrade IS NOT NULL", $params + $itemparams);
        $rows = [];
        foreach ($records as $record) {
            $time = (int) ($record->timecreated ?: $record->timemodified);
            if ($time) {
                $item = $items[$record->itemid];
                $graded = (int) ($record->timemodified ?: $time);
                $rows[] = $this->submission($item, (int) $record->userid, $time, 1, (float) $record->finalgrade, $graded);
            }
        }
        return $rows;
    }

    /**
     * The site's holidays that touch the course run.
     *
     * @return array
     */
    private function breaks(): array {
        $start = (int) $this->course->startdate;
        $end = (int) $this->course->enddate ?: PHP_INT_MAX;
        return array_values(array_filter(
            config::breaks(),
            fn(array $break): bool => $break['ends_at'] > $start && $break['starts_at'] < $end
        ));
    }
}

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

namespace local_earlybell\reportbuilder\local\systemreports;

use core_reportbuilder\local\entities\user;
use core_reportbuilder\local\helpers\database;
use core_reportbuilder\local\report\action;
use core_reportbuilder\local\report\column;
use core_reportbuilder\system_report;
use lang_string;
use local_earlybell\local\access;
use local_earlybell\local\trial;
use local_earlybell\reportbuilder\local\entities\risk;
use moodle_url;
use pix_icon;

/**
 * All learners of a course: sort, filter, download, choose whom to write to.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class learners extends system_report {
    /** The id of the form that the checkboxes belong to. */
    public const FORM = 'local_earlybell-bulk';

    #[\Override]
    protected function initialise(): void {
        global $DB;
        $risk = new risk();
        $alias = $risk->get_table_alias('local_earlybell_risk');
        $this->set_main_table('local_earlybell_risk', $alias);
        $this->add_entity($risk);
        $user = new user();
        $useralias = $user->get_table_alias('user');
        $this->add_entity($user->add_join("JOIN {user} $useralias ON $useralias.id = $alias.userid AND $useralias.deleted = 0"));
        $this->add_base_fields("$alias.id, $alias.userid, $alias.courseid");
        $this->add_base_condition_simple("$alias.courseid", $this->get_context()->instanceid);
        $userids = access::userids(get_course($this->get_context()->instanceid), $this->get_context());
        if ($userids !== null) {
            $prefix = database::generate_param_name('_');
            [$inusers, $params] = $DB->get_in_or_equal($userids ?: [0], SQL_PARAMS_NAMED, $prefix);
            $this->add_base_condition_sql("$alias.userid $inusers", $params);
        }
        if ($heldout = trial::held_out((int) $this->get_context()->instanceid)) {
            $prefix = database::generate_param_name('_');
            [$notheld, $params] = $DB->get_in_or_equal($heldout, SQL_PARAMS_NAMED, $prefix, false);
            $this->add_base_condition_sql("$alias.userid $notheld", $params);
        }
        if (self::can_choose($this->get_context())) {
            $this->add_column($this->choice($risk, $user));
        }
        $this->add_columns_from_entities(['user:fullnamewithpicturelink', 'risk:band', 'risk:chance', 'risk:timeband', 'risk:contacted']);
        $this->set_initial_sort_column('risk:chance', SORT_DESC);
        $this->add_filters_from_entities(['user:fullname', 'risk:band', 'risk:timeband']);
        $this->add_action(new action(
            new moodle_url('/local/earlybell/learner.php', ['id' => ':courseid', 'user' => ':userid']),
            new pix_icon('i/search', ''),
            [],
            false,
            new lang_string('viewlearner', 'local_earlybell')
        ));
        $this->set_downloadable(true, get_string('learnersatrisk', 'local_earlybell'));
        $this->set_default_per_page(50);
    }

    /**
     * Whether learners can be chosen, to write to several at once.
     *
     * @param \context $context
     * @return bool
     */
    public static function can_choose(\context $context): bool {
        return has_all_capabilities(['local/earlybell:act', 'moodle/course:bulkmessaging'], $context);
    }

    /**
     * The checkboxes. They belong to the form below the report, so that it needs no JavaScript.
     *
     * @param risk $risk
     * @param user $user
     * @return column
     */
    private function choice(risk $risk, user $user): column {
        $alias = $user->get_table_alias('user');
        $names = array_map(fn(string $name): string => "$alias.$name", \core_user\fields::get_name_fields());
        return (new column('choice', new lang_string('choose'), $risk->get_entity_name()))
            ->add_joins($user->get_joins())
            ->set_type(column::TYPE_TEXT)
            ->add_fields($risk->get_table_alias('local_earlybell_risk') . '.userid, ' . implode(', ', $names))
            ->add_callback(static fn(?string $userid, \stdClass $row): string => \html_writer::empty_tag('input', [
                'type' => 'checkbox', 'name' => 'users[]', 'value' => $userid, 'form' => self::FORM,
                'aria-label' => get_string('selectitem', 'core', fullname($row)),
            ]));
    }

    #[\Override]
    public function get_exclude_columns_for_download(): array {
        return ['risk:choice'];
    }

    #[\Override]
    protected function can_view(): bool {
        return has_capability('local/earlybell:viewcourse', $this->get_context());
    }
}

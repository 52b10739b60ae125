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
use core_reportbuilder\system_report;
use lang_string;
use local_earlybell\local\access;
use local_earlybell\reportbuilder\local\entities\risk;
use moodle_url;
use pix_icon;

/**
 * All learners of a course: sort, filter, download.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class learners extends system_report {
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

    #[\Override]
    protected function can_view(): bool {
        return has_capability('local/earlybell:viewcourse', $this->get_context());
    }
}

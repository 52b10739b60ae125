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

namespace local_earlybell\reportbuilder\local\entities;

use core_reportbuilder\local\entities\base;
use core_reportbuilder\local\filters\date;
use core_reportbuilder\local\filters\select;
use core_reportbuilder\local\helpers\format;
use core_reportbuilder\local\report\column;
use core_reportbuilder\local\report\filter;
use lang_string;
use local_earlybell\local\risks;
use local_earlybell\local\words;

/**
 * The risk of a learner.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class risk extends base {
    #[\Override]
    protected function get_default_tables(): array {
        return ['local_earlybell_risk'];
    }

    #[\Override]
    protected function get_default_entity_title(): lang_string {
        return new lang_string('risk', 'local_earlybell');
    }

    #[\Override]
    public function initialise(): base {
        $alias = $this->get_table_alias('local_earlybell_risk');
        $name = $this->get_entity_name();
        $this->add_column((new column('band', new lang_string('risk', 'local_earlybell'), $name))
            ->add_joins($this->get_joins())
            ->set_type(column::TYPE_TEXT)
            ->add_field("$alias.band")
            ->add_fields("$alias.risk, $alias.low, $alias.high")
            ->set_is_sortable(true, ["$alias.risk"])
            ->add_callback(static fn(?string $value, \stdClass $row): string => $value === null ? '' : words::band_with_certainty(
                $value,
                $row->low === null ? null : (float) $row->low,
                $row->high === null ? null : (float) $row->high
            )));
        $this->add_column((new column('chance', new lang_string('chance', 'local_earlybell'), $name))
            ->add_joins($this->get_joins())
            ->set_type(column::TYPE_FLOAT)
            ->add_field("$alias.risk")
            ->set_is_sortable(true)
            ->add_callback(static fn($value): string => $value === null ? '' : words::risk_short((float) $value)));
        $this->add_column((new column('timeband', new lang_string('timeband', 'local_earlybell'), $name))
            ->add_joins($this->get_joins())
            ->set_type(column::TYPE_TIMESTAMP)
            ->add_field("$alias.timeband")
            ->set_is_sortable(true)
            ->add_callback([format::class, 'userdate'], get_string('strftimedatefullshort', 'langconfig')));
        $this->add_column((new column('contacted', new lang_string('contacted', 'local_earlybell'), $name))
            ->add_joins($this->get_joins())
            ->set_type(column::TYPE_TIMESTAMP)
            ->add_field("(SELECT MAX(ca.timecreated) FROM {local_earlybell_action} ca WHERE ca.courseid = $alias.courseid
                AND ca.userid = $alias.userid AND ca.kind = 'message' AND ca.timeundone = 0)", 'contacted')
            ->set_is_sortable(true)
            ->add_callback([format::class, 'userdate'], get_string('strftimedatefullshort', 'langconfig')));
        $this->add_filter((new filter(select::class, 'band', new lang_string('risk', 'local_earlybell'), $name, "$alias.band"))
            ->add_joins($this->get_joins())
            ->set_options_callback(static fn(): array => array_combine(
                risks::BANDS,
                array_map(fn(string $band): string => get_string("band_$band", 'local_earlybell'), risks::BANDS)
            )));
        $this->add_filter((new filter(date::class, 'timeband', new lang_string('timeband', 'local_earlybell'), $name, "$alias.timeband"))
            ->add_joins($this->get_joins()));
        return $this;
    }
}

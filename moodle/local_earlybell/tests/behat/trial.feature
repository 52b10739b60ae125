@local @local_earlybell
Feature: A trial holds back the estimates of half of the learners
  In order to know whether the estimates help
  As a teacher
  I need to begin a trial in my course, see how it stands, and end it

  Background:
    Given the following config values are set as admin:
      | endpoint     | https://service.example | local_earlybell |
      | pseudonymkey | 0123456789abcdef        | local_earlybell |
      | trial        | 1                       | local_earlybell |
    And the following "courses" exist:
      | fullname   | shortname  | startdate       | enddate      |
      | Statistics | STAT1-2026 | ##30 days ago## | ##+60 days## |
    And the following "users" exist:
      | username | firstname | lastname |
      | tara     | Tara      | Teach    |
      | ann      | Ann       | Able     |
      | ben      | Ben       | Busy     |
    And the following "course enrolments" exist:
      | user | course     | role           |
      | tara | STAT1-2026 | editingteacher |
      | ann  | STAT1-2026 | student        |
      | ben  | STAT1-2026 | student        |
    And the following "local_earlybell > risks" exist:
      | user | course     | risk | band |
      | ann  | STAT1-2026 | 0.90 | high |
      | ben  | STAT1-2026 | 0.80 | high |

  Scenario: A trial is begun and ended once
    Given I am on the "STAT1-2026" "local_earlybell > How far to trust it" page logged in as tara
    When I follow "Begin, look at or end a trial"
    And I press "Begin a trial"
    And I press "Continue"
    Then I should see "The trial has begun."
    When I press "End the trial"
    And I press "Continue"
    Then I should see "The trial has ended. Everybody is shown."
    And I should not see "Begin a trial"

  Scenario: Who is held out is not shown
    Given the following "local_earlybell > trials" exist:
      | course     | user |
      | STAT1-2026 | tara |
    And the following "local_earlybell > arms" exist:
      | user | course     | arm      |
      | ann  | STAT1-2026 | held_out |
      | ben  | STAT1-2026 | shown    |
    When I am on the "STAT1-2026" "local_earlybell > Today" page logged in as tara
    Then I should see "Ben Busy"
    And I should not see "Ann Able"
    And I should see "A trial runs in this course"

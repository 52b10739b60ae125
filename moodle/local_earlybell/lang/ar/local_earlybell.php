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

/**
 * Strings.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$string['act_dismiss'] = 'استبعاد';
$string['act_dismiss_about'] = 'استبعاد {$a}';
$string['act_extension'] = 'منح تمديد لـ {$a}';
$string['act_message'] = 'كتابة رسالة';
$string['act_message_about'] = 'رسالة إلى {$a}';
$string['act_note'] = 'إضافة ملاحظة';
$string['act_note_about'] = 'ملاحظة عن {$a}';
$string['act_snooze'] = 'تأجيل';
$string['act_snooze_about'] = 'تأجيل {$a}';
$string['act_task'] = 'تعيين مهمة';
$string['act_task_about'] = 'مهمة بشأن {$a}';
$string['act_wrong'] = 'هذا خطأ';
$string['act_wrong_about'] = 'مستوى خطر {$a} خاطئ';
$string['actions'] = 'إجراءات';
$string['ago_days'] = 'قبل {$a} أيام';
$string['ago_days_one'] = 'قبل يوم';
$string['ago_hours'] = 'قبل {$a} ساعات';
$string['ago_hours_one'] = 'قبل ساعة';
$string['ago_minutes'] = 'قبل {$a} دقائق';
$string['ago_minutes_one'] = 'قبل دقيقة';
$string['ago_now'] = 'الآن';
$string['andmore'] = 'و{$a} غيرهم';
$string['asidegroup'] = 'مؤجلون أو مستبعدون';
$string['attribution'] = 'ما يرفع الخطر وما يخفضه';
$string['attribution_note'] = 'أقوى التأثيرات في درجة النموذج. وهي لا تدل على سبب.';
$string['backtolist'] = 'العودة إلى القائمة';
$string['band_high'] = 'خطر مرتفع';
$string['band_insufficient_evidence'] = 'أدلة غير كافية';
$string['band_low'] = 'خطر منخفض';
$string['band_medium'] = 'خطر متوسط';
$string['bandchange'] = 'كانت «{$a->before}» وأصبحت «{$a->after}» {$a->ago}.';
$string['bandchange_model'] = 'كانت «{$a->before}» وأصبحت «{$a->after}» {$a->ago} مع إصدار جديد من النموذج.';
$string['certainty_fairly'] = 'مؤكد إلى حد ما';
$string['certainty_sure'] = 'مؤكد';
$string['certainty_unsure'] = 'غير مؤكد: قلة لديهم سجلات كهذه';
$string['chance'] = 'رسبوا أو انسحبوا بسجلات كهذه';
$string['circuitopen'] = 'أخفقت الطلبات الأخيرة ({$a->failure}) منذ {$a->since}. تُعاد المحاولة تلقائيًا.';
$string['connectionworks'] = 'الاتصال يعمل. لدى الخدمة الإصدار {$a->version} من النموذج وقد قبلت الرمز.';
$string['contacted'] = 'آخر رسالة';
$string['contacts'] = 'ما تم';
$string['contest'] = 'اعتراض';
$string['contest_label'] = 'ما الخطأ في التقدير؟ يقرأ معلموك هذا.';
$string['contested'] = 'سيقرأ معلموك اعتراضك.';
$string['contestempty'] = 'قل ما الخطأ.';
$string['corrected'] = 'هذا الخطر مصحح بحسب المقرر ككل.';
$string['did_contest'] = '{$a->actor} اعترض على مستوى الخطر، {$a->ago}';
$string['did_dismiss'] = '{$a->actor} استبعد: {$a->reason}، {$a->ago}';
$string['did_message'] = '{$a->actor} كتب رسالة، {$a->ago}';
$string['did_note'] = '{$a->actor} دوّن ملاحظة، {$a->ago}';
$string['did_snooze'] = '{$a->actor} أجّل حتى {$a->due}، {$a->ago}';
$string['did_task'] = '{$a->actor} عيّن مهمة ليوم {$a->due}، {$a->ago}';
$string['did_wrong'] = '{$a->actor} قال إن هذا خطأ، {$a->ago}';
$string['digest_course'] = '{$a->course}: {$a->count} متعلمين تنظر إليهم أولًا، منهم {$a->risen} أصبح خطرهم مرتفعًا حديثًا';
$string['digest_end'] = 'الخطر سبب للسؤال وليس حكمًا.';
$string['digest_subject'] = 'متعلمون تنظر إليهم أولًا';
$string['dismiss_text'] = 'تفاصيل (لطاقم هذا المقرر)';
$string['do_dismiss'] = 'استبعاد';
$string['do_message'] = 'إرسال';
$string['do_note'] = 'حفظ';
$string['do_snooze'] = 'تأجيل';
$string['do_task'] = 'حفظ';
$string['do_wrong'] = 'حفظ';
$string['done_dismiss'] = 'استُبعد {$a} حتى يرتفع الخطر أو تمضي أربعة أسابيع.';
$string['done_message'] = 'ستُرسل الرسالة إلى {$a} خلال دقيقة. يمكنك سحبها حتى ذلك الحين.';
$string['done_note'] = 'حُفظت الملاحظة عن {$a}.';
$string['done_optin'] = 'لقد عدت للمشاركة.';
$string['done_optout'] = 'لقد انسحبت. حُذفت تقديراتك.';
$string['done_snooze'] = 'تم تأجيل {$a}.';
$string['done_task'] = 'حُفظت المهمة بشأن {$a}.';
$string['done_wrong'] = 'شكرًا. يُعد مستوى خطر {$a} خاطئًا وسيُراعى في التدريب.';
$string['due'] = 'الموعد';
$string['duesoon'] = 'مستحق قريبًا ولم يُسلَّم:';
$string['earlybell:act'] = 'مراسلة المتعلمين وتدوين ما تم';
$string['earlybell:extract'] = 'استخراج المعرّفات والأوقات والدرجات من كل المقررات';
$string['earlybell:receivedigest'] = 'استلام الملخص اليومي';
$string['earlybell:setcorrections'] = 'حفظ تصحيحات المقررات';
$string['earlybell:viewcourse'] = 'عرض المتعلمين المعرضين للخطر في مقرر';
$string['earlybell:viewown'] = 'عرض الصفحة الشخصية';
$string['event_action_made'] = 'إجراء بشأن متعلم';
$string['event_learner_viewed'] = 'تم عرض مستوى خطر متعلم';
$string['event_list_viewed'] = 'تم عرض قائمة المتعلمين';
$string['event_own_viewed'] = 'تم عرض الصفحة الشخصية';
$string['extended'] = 'مُمدد';
$string['failure_badaddress'] = 'العنوان غير صالح: {$a->detail}. يجب أن يكون مثل https://earlybell.example.org.';
$string['failure_blockedhost'] = 'يحجب مودل العنوان {$a->host} ({$a->address}) بسبب السطر {$a->line}. احذف هذا السطر من إدارة الموقع > عام > الأمان > أمان HTTP > «قائمة المضيفين المحجوبين»، أو انشر الخدمة على عنوان آخر.';
$string['failure_blockedport'] = 'لا يسمح مودل بالمنفذ {$a->port}. أضفه إلى إدارة الموقع > عام > الأمان > أمان HTTP > «قائمة المنافذ المسموح بها»، أو انشر الخدمة على المنفذ 443.';
$string['failure_busy'] = 'تطلب الخدمة التمهل: {$a->detail}. الاتصال نفسه يعمل.';
$string['failure_certificate'] = 'شهادة {$a->host} غير موثوقة: {$a->detail}. عيّن «ملف سلطة التصديق» في الإعدادات واستخدم الاسم الذي صدرت له.';
$string['failure_network'] = 'لا إجابة من {$a->host}: {$a->detail}. إن كان للموقع وكيل فراجع إدارة الموقع > الخادم > HTTP.';
$string['failure_notset'] = 'لم يُعين عنوان. عيّنه في إدارة الموقع > الإضافات > الإضافات المحلية > إيرلي بيل > الإعدادات.';
$string['failure_refused'] = 'لا شيء يستمع على {$a->host} المنفذ {$a->port}: رُفض الاتصال. تحقق من تشغيل الخدمة ومن العنوان والمنفذ في الإعدادات.';
$string['failure_request'] = 'ترفض الخدمة الطلب: {$a->detail}.';
$string['failure_server'] = 'في الخدمة خلل: {$a->detail}. راجع سجلها.';
$string['failure_timeout'] = 'لا يجيب {$a->host} في الوقت المحدد: {$a->detail}. راجع الجدران النارية أو زد الثواني في الإعدادات.';
$string['failure_token'] = 'لا تقبل الخدمة الرمز: {$a->detail}. أنشئ رمزًا جديدًا بالأمر `earlybell token` وعيّنه في الإعدادات.';
$string['failure_toolarge'] = 'تقبل الخدمة طلبات أصغر فقط: {$a->detail}. خفّض «حجم الطلب» في الإعدادات.';
$string['failure_unknownname'] = 'لا يمكن ترجمة الاسم {$a->host} على هذا الخادم. راجع العنوان في الإعدادات وخدمة DNS. (يسمي مودل هذا «محجوبًا» أيضًا، لكن قوائمه ليست السبب.)';
$string['failure_version'] = 'على {$a->host} خادم آخر أو إصدار لا تستطيع هذه الإضافة استخدامه: {$a->detail}. تلزم خدمة إيرلي بيل تتضمن إجاباتها التصحيح.';
$string['heading_learners'] = 'المتعلمون';
$string['heading_scope'] = 'المقررات';
$string['heading_service'] = 'الخدمة';
$string['heading_staff'] = 'الطاقم';
$string['help_ask'] = 'اكتب إلى معلمك: السؤال المبكر علامة جيدة.';
$string['help_material'] = 'تابع قراءة مواد هذا الأسبوع.';
$string['help_quiz'] = 'جرّب الاختبارات: فهي تبين ما تعرفه بالفعل.';
$string['help_scores'] = 'راجع الملاحظات على عملك الأخير.';
$string['help_soon'] = 'سلّم {$a} حتى لو لم يكن مثاليًا.';
$string['help_together'] = 'اطرح سؤالًا أو أجب عن سؤال في المنتدى.';
$string['help_visit'] = 'زر المقرر أكثر ولو لوقت قصير.';
$string['help_work'] = 'سلّم ما هو مفتوح. اطلب وقتًا إضافيًا قبل الموعد.';
$string['insufficientgroup'] = '{$a} متعلمين لا تكفي الأدلة عنهم بعد';
$string['insufficientgroup_one'] = 'متعلم واحد لا تكفي الأدلة عنه بعد';
$string['justdone'] = 'تم للتو';
$string['keyfingerprint'] = 'بصمة مفتاح الأسماء المستعارة: {$a}. يجب أن تطابق ما في tables.json لدى الاستخراج.';
$string['keymissing'] = 'مفتاح الأسماء المستعارة غير معين أو أقصر من 16 حرفًا: لا يمكن الاستعلام.';
$string['learnersatrisk'] = 'متعلمون بحاجة إلى دعم';
$string['learnerviewoff'] = 'لا يعرض هذا الموقع للمتعلمين صفحتهم الخاصة.';
$string['look_learner'] = '{$a} اطّلع على تقديرك';
$string['look_list'] = '{$a} اطّلع على قائمة المقرر';
$string['lowers'] = 'يخفض الخطر';
$string['message_fields'] = 'تُملأ الحقول للمتعلم: {firstname} و{teacher} و{course} و{work} و{due}';
$string['message_text'] = 'الرسالة';
$string['messageprovider:digest'] = 'الملخص اليومي للمتعلمين المعرضين للخطر';
$string['messagesubject'] = 'بشأن مقررك';
$string['messagingoff'] = 'الرسائل معطلة على هذا الموقع (إدارة الموقع > عام > الرسائل): لن يصل ما تكتبه هنا.';
$string['mine_contested'] = 'اعترضت على هذا في {$a}:';
$string['mine_details'] = 'عرض التقدير';
$string['mine_explained'] = 'تقدّر خدمةٌ من نشاطك في هذا المقرر مدى صعوبة إكماله. تتلقى اسمًا مستعارًا لا اسمك. يرى معلمو المقرر التقدير ليعرضوا المساعدة. وليس للدرجات.';
$string['mine_helps'] = 'ما قد يساعد';
$string['mine_high'] = 'وجد آخرون لهم سجل كسجلك صعوبة في الإكمال. ما زال هناك وقت لتغيير ذلك، وهنا من يود مساعدتك.';
$string['mine_insufficient_evidence'] = 'من المبكر قول أي شيء. واصل فحسب.';
$string['mine_looks'] = 'من اطّلع';
$string['mine_low'] = 'أنت تسير جيدًا. واصل.';
$string['mine_medium'] = 'أنت على الطريق. قليل إضافي الآن يسهّل ما بقي.';
$string['mine_nobody'] = 'لا أحد في آخر 90 يومًا.';
$string['mine_none'] = 'لا شيء يقال بعد. واصل فحسب.';
$string['mine_out'] = 'لقد انسحبت: لا استعلام عنك.';
$string['mine_percent'] = 'من المتعلمين بسجلات كهذه رسب أو انسحب نحو {$a}. وهذا لا يقول شيئًا عنك وحدك.';
$string['mine_rights'] = 'الاعتراض أو الانسحاب';
$string['mine_stored'] = '{$a->band} بتاريخ {$a->time}؛ وتقدير لكل أسبوع من {$a->weeks} أسابيع. والأسباب المرصودة:';
$string['mine_what'] = 'ما هو محفوظ عنك';
$string['mine_work'] = 'أعمالك';
$string['missing_days'] = 'درس {$a->days} من {$a->needed} أيام مطلوبة';
$string['missing_unlike'] = 'السجلات تختلف كثيرًا عما تعلم منه النموذج';
$string['myprogress'] = 'تقدمي';
$string['newmodel'] = 'تغيرت الفئة بسبب إصدار جديد من النموذج، لا بسبب ما فعله المتعلم.';
$string['nobody'] = 'لا أحد يحتاج إلى متابعة أولًا اليوم.';
$string['nocontacts'] = 'لا شيء بعد.';
$string['norisk'] = 'لا يوجد مستوى خطر لهذا المتعلم بعد.';
$string['notaverdict'] = 'الخطر سبب للسؤال وليس حكمًا.';
$string['note_text'] = 'ملاحظة لطاقم هذا المقرر';
$string['notice_away'] = 'الخدمة لا تجيب (لوحظ ذلك {$a->ago}). ما تراه سابق لذلك؛ تُعاد المحاولة تلقائيًا.';
$string['notice_never'] = 'لا توجد مخاطر لهذا المقرر بعد. تصل خلال ليلة.';
$string['notice_notset'] = 'لم يُعدّ إيرلي بيل على هذا الموقع بعد: لا عنوان أو لا مفتاح.';
$string['notice_refused'] = 'رفضت الخدمة سجلات من هذا المقرر ({$a->ago}). أخبر مدير الموقع: قد تكون بعض المخاطر قديمة.';
$string['notice_stale'] = 'هذه المخاطر قديمة: وصلت آخر إجابة {$a->ago}.';
$string['notpast'] = 'انقضى هذا اليوم. اختر يومًا لاحقًا.';
$string['notundone'] = 'فات الأوان للتراجع.';
$string['notyourlearner'] = 'هذا المتعلم ليس في هذا المقرر أو ليس في إحدى مجموعاتك.';
$string['nowork'] = 'لا توجد أعمال لها موعد.';
$string['optedout'] = 'انسحب هذا المتعلم: لا استعلام ولا عرض.';
$string['optin'] = 'العودة للمشاركة';
$string['optin_means'] = 'إذا عدت فسيُجرى تقدير خلال دقائق.';
$string['optout'] = 'انسحاب';
$string['optout_means'] = 'إذا انسحبت فلن يُستعلم عنك وستُحذف تقديراتك فورًا. وقد يلاحظ معلموك لاحقًا فقط أنك تحتاج مساعدة.';
$string['otheractions'] = 'إجراءات أخرى';
$string['pending'] = '(لم تُرسل بعد)';
$string['percent'] = '{$a}%';
$string['pluginname'] = 'إيرلي بيل';
$string['preview'] = 'معاينة';
$string['previewto'] = 'إلى {$a}';
$string['privacy:metadata:action'] = 'ما فعله الطاقم والمتعلمون';
$string['privacy:metadata:digest'] = 'الملخصات المرسلة إلى المعلمين';
$string['privacy:metadata:dirty'] = 'متعلمون سيُستعلم عنهم';
$string['privacy:metadata:field:actorid'] = 'من قام به';
$string['privacy:metadata:field:band'] = 'الفئة';
$string['privacy:metadata:field:courseid'] = 'المقرر';
$string['privacy:metadata:field:day'] = 'اليوم';
$string['privacy:metadata:field:explained'] = 'الأسباب وأصغر تغيير';
$string['privacy:metadata:field:high'] = 'الحد الأعلى';
$string['privacy:metadata:field:kind'] = 'ما تم';
$string['privacy:metadata:field:low'] = 'الحد الأدنى';
$string['privacy:metadata:field:reason'] = 'سبب الاستبعاد';
$string['privacy:metadata:field:reasons'] = 'السبب';
$string['privacy:metadata:field:risk'] = 'مستوى الخطر';
$string['privacy:metadata:field:text'] = 'ما كُتب';
$string['privacy:metadata:field:timecreated'] = 'الوقت';
$string['privacy:metadata:field:timedirty'] = 'منذ متى';
$string['privacy:metadata:field:userid'] = 'المستخدم';
$string['privacy:metadata:field:week'] = 'الأسبوع';
$string['privacy:metadata:history'] = 'مستوى خطر المتعلم كل أسبوع';
$string['privacy:metadata:optout'] = 'المتعلمون المنسحبون';
$string['privacy:metadata:risk'] = 'أحدث مستوى خطر لمتعلم في مقرر';
$string['privacy:metadata:service'] = 'خدمة إيرلي بيل التي تتنبأ بالخطر';
$string['privacy:metadata:service:activity'] = 'أوقات وأنواع النشاط في المقرر';
$string['privacy:metadata:service:enrolment'] = 'متى سُجّل المتعلم';
$string['privacy:metadata:service:learner'] = 'اسم مستعار لمعرف المتعلم';
$string['privacy:metadata:service:work'] = 'متى سُلّم العمل وكيف قُيّم';
$string['propose_absence'] = 'اسأل عن الحال';
$string['propose_general'] = 'اكتب إلى المتعلم';
$string['propose_missed'] = 'اعرض المساعدة في {$a}';
$string['propose_note'] = 'دوّن ما نتج عن رسالتك ({$a})';
$string['propose_reminder'] = 'ذكّر بـ {$a->work} المستحق {$a->due}';
$string['queuesize'] = 'متعلمون بانتظار الاستعلام: {$a}';
$string['raises'] = 'يرفع الخطر';
$string['range'] = 'الخطر {$a->risk}، على الأرجح بين {$a->low} و{$a->high}.';
$string['reason_agreed'] = 'اتُّفق مع المتعلم على غير ذلك';
$string['reason_incontact'] = 'نحن على تواصل بالفعل';
$string['reason_knownabsence'] = 'الغياب معروف';
$string['reason_other'] = 'سبب آخر';
$string['risk'] = 'مستوى الخطر';
$string['risk_few'] = 'نادرًا ما رسب أو انسحب أحد بسجلات كهذه.';
$string['risk_most'] = 'رسب أو انسحب تقريبًا كل من له سجلات كهذه.';
$string['risk_of_ten'] = 'نحو {$a} من كل 10 بسجلات كهذه رسبوا أو انسحبوا.';
$string['risk_short'] = '{$a} من 10';
$string['risk_unknown'] = 'المعلومات قليلة جدًا.';
$string['riskpercent'] = 'بالنسبة المئوية';
$string['score'] = 'الدرجة';
$string['setting_breaks'] = 'العطل';
$string['setting_breaks_desc'] = 'سطر لكل عطلة، أول يوم وآخر يوم: 2026-12-20 2027-01-06';
$string['setting_budget'] = 'ثواني التشغيل';
$string['setting_budget_desc'] = 'أقصى مدة لتشغيل المهمة. ما يتبقى ينتظر الدقيقة التالية.';
$string['setting_cafile'] = 'ملف سلطة التصديق';
$string['setting_cafile_desc'] = 'ملف PEM للجهة الموقعة على شهادة الخدمة. اتركه فارغًا لاستخدام الجهات التي يثق بها النظام.';
$string['setting_capacity'] = 'قدرة الطاقم';
$string['setting_capacity_desc'] = 'عدد متعلمي المقرر الذين يستطيع الطاقم متابعتهم أسبوعيًا؛ أقل من 1 يعني نسبة من الجميع. يُعرض هذا العدد من البطاقات.';
$string['setting_cardurl'] = 'عنوان بطاقة النموذج';
$string['setting_cardurl_desc'] = 'حيث يقرأ المعلمون غرض النموذج وجودته.';
$string['setting_categories_desc'] = 'مقررات هذه التصنيفات وما تحتها. دون اختيار: الكل. لا يُرسل شيء قبل تعيين العنوان والمفتاح.';
$string['setting_codefield'] = 'رمز المقرر';
$string['setting_codefield_desc'] = 'أين يوجد الرمز المشترك بين مرات تقديم المقرر.';
$string['setting_codepattern'] = 'نمط الرمز';
$string['setting_codepattern_desc'] = 'تعبير نمطي؛ ما تطابقه المجموعة الأولى هو الرمز. افتراضيًا ما يسبق السنة: MATH1 في MATH1-2026.';
$string['setting_connecttimeout'] = 'ثواني الاتصال';
$string['setting_connecttimeout_desc'] = 'بعد هذا العدد من الثواني دون اتصال تُعد الخدمة غائبة.';
$string['setting_digest'] = 'الملخص اليومي';
$string['setting_digest_desc'] = 'إرسال رسالة واحدة يوميًا لكل معلم إن وُجد من يحتاج متابعة.';
$string['setting_endpoint'] = 'العنوان';
$string['setting_endpoint_desc'] = 'عنوان خدمة إيرلي بيل حتى المضيف والمنفذ، مثل https://earlybell.example.org';
$string['setting_explain'] = 'طلب الشرح';
$string['setting_explain_desc'] = 'طلب الأسباب الكاملة وأصغر تغيير أيضًا للمتعلمين ذوي الخطر المرتفع والمتوسط.';
$string['setting_learnerview'] = 'يرى المتعلمون صفحتهم';
$string['setting_learnerview_desc'] = 'تبويب في المقرر يعرض للمتعلمين ما قد يساعدهم وما هو محفوظ عنهم ومن اطلع عليه، ويتيح الاعتراض أو الانسحاب.';
$string['setting_maxmib'] = 'حجم الطلب بالميبيبايت';
$string['setting_maxmib_desc'] = 'تُقسم الطلبات الأكبر. تقبل الخدمة 64 ميبيبايت افتراضيًا.';
$string['setting_pseudonymkey'] = 'مفتاح الأسماء المستعارة';
$string['setting_pseudonymkey_desc'] = 'القيمة نفسها لمتغير EARLYBELL_PSEUDONYM_KEY عند الاستخراج، 16 حرفًا أو أكثر. تُرسل المعرفات بأسماء مستعارة ولا تُرسل الأسماء أبدًا. يُحفظ مشفرًا ويمكن فرضه في config.php.';
$string['setting_retention'] = 'مدة الاحتفاظ';
$string['setting_retention_desc'] = 'تُحذف بعدها المخاطر وتاريخها وما تم من إجراءات.';
$string['setting_showpercent'] = 'يرى المتعلمون نسبة مئوية';
$string['setting_showpercent_desc'] = 'إلى جانب الكلمات. معظم المواقع تعطل هذا الخيار.';
$string['setting_template_absence'] = 'قالب: غياب';
$string['setting_template_absence_desc'] = 'الحقول: {firstname} و{teacher} و{course}';
$string['setting_template_general'] = 'قالب: عام';
$string['setting_template_general_desc'] = 'الحقول: {firstname} و{teacher} و{course}';
$string['setting_template_reminder'] = 'قالب: عمل مستحق';
$string['setting_template_reminder_desc'] = 'الحقول: {firstname} و{teacher} و{course} و{work} و{due}';
$string['setting_timeout'] = 'ثواني الإجابة';
$string['setting_timeout_desc'] = 'بعد هذا العدد من الثواني دون إجابة تُعد الخدمة غائبة.';
$string['setting_token'] = 'الرمز';
$string['setting_token_desc'] = 'رمز الوصول لهذا الموقع من الأمر `earlybell token`. يُحفظ مشفرًا. لإبقائه خارج قاعدة البيانات عيّن $CFG->forced_plugin_settings[\'local_earlybell\'][\'token\'] في config.php.';
$string['smallestchange'] = 'أصغر تغيير ينقل الفئة';
$string['snooze_text'] = 'السبب (لطاقم هذا المقرر)';
$string['snooze_until'] = 'حتى';
$string['somebody'] = 'شخص ما';
$string['state'] = 'الحالة';
$string['state_done'] = 'سُلِّم';
$string['state_late'] = 'سُلِّم متأخرًا';
$string['state_missed'] = 'لم يُسلَّم';
$string['state_open'] = 'مفتوح';
$string['state_soon'] = 'مستحق قريبًا';
$string['strftime_day'] = '%A %d %B';
$string['strftime_due'] = '%A %d %B، %H:%M';
$string['summary'] = '{$a->shown} من {$a->total} متعلمين تنظر إليهم أولًا';
$string['tab_all'] = 'كل المتعلمين';
$string['tab_today'] = 'اليوم';
$string['tab_trust'] = 'مدى الثقة';
$string['takenback'] = '(سُحب)';
$string['task_text'] = 'ما المطلوب';
$string['task_until'] = 'بحلول';
$string['taskcleanup'] = 'حذف ما تجاوز مدة الاحتفاظ';
$string['taskdigest'] = 'إرسال الملخص اليومي إلى المعلمين';
$string['taskdrain'] = 'الاستعلام عن المتعلمين الذين تغير شيء لديهم';
$string['taskrefresh'] = 'تحديد متعلمي جميع المقررات للاستعلام عنهم';
$string['template_absence_default'] = 'عزيزي/عزيزتي {firstname}،

لم أرك في {course} منذ مدة. كيف حالك؟ يمكننا أن ننظر معًا في الخطوات التالية.

مع التحية
{teacher}';
$string['template_general_default'] = 'عزيزي/عزيزتي {firstname}،

كيف تسير أمورك في {course}؟ إن كان هناك ما يصعب عليك فاكتب لي أو زرني في ساعتي المكتبية.

مع التحية
{teacher}';
$string['template_reminder_default'] = 'عزيزي/عزيزتي {firstname}،

موعد تسليم {work} في {course} هو {due} ولم أستلمه بعد. إن كان هناك ما يعيقك فأخبرني وسنجد حلًا.

مع التحية
{teacher}';
$string['testagain'] = 'اختبر مرة أخرى';
$string['testconnection'] = 'اختبار الاتصال';
$string['timeband'] = 'في هذه الفئة منذ';
$string['trend_fell'] = 'انخفض خلال {$a} أسابيع';
$string['trend_fell_one'] = 'انخفض منذ الأسبوع الماضي';
$string['trend_first'] = 'الأسبوع الأول';
$string['trend_rose'] = 'ارتفع خلال {$a} أسابيع';
$string['trend_rose_one'] = 'ارتفع منذ الأسبوع الماضي';
$string['trend_same'] = 'مستقر تقريبًا منذ {$a} أسابيع';
$string['trend_same_one'] = 'كما كان الأسبوع الماضي تقريبًا';
$string['trust_alarms'] = 'لدى {$a->flagged} متعلمين خطر مرتفع. نحو {$a->alarms} منهم إنذارات كاذبة: سينجحون على أي حال.';
$string['trust_base'] = 'من {$a->total} متعلمين يُتوقع أن يرسب أو ينسحب نحو {$a->expected} ({$a->share}) بحسب هذه المخاطر.';
$string['trust_card'] = 'بطاقة النموذج: غرضه وجودته وكيفية الاعتراض عليه';
$string['trust_course'] = 'في هذا المقرر';
$string['trust_earlier'] = 'بحسب المرات السابقة كان المتوقع {$a}.';
$string['trust_from'] = 'بتاريخ {$a}.';
$string['trust_insufficient'] = 'لا يُقال شيء عن {$a} متعلمين: الأدلة قليلة.';
$string['trust_means'] = 'خطر 40% يعني: من كل 100 متعلم بسجلات كهذه رسب أو انسحب نحو 40. وهو لا يقول مَن.';
$string['trust_model'] = 'النموذج';
$string['trust_nocorrection'] = 'لا يُعرف تصحيح لهذا المقرر هنا: المخاطر كما يعطيها النموذج.';
$string['trust_sees'] = 'يرى ما سجلته هذه المنصة ولا شيء غيره من حياة المتعلم. الجنس والعمر والإعاقة والأصل ليست مدخلات أبدًا. وهو لا يبين سببًا.';
$string['trust_shift'] = 'المقرر ككل';
$string['trust_version'] = 'الإصدار {$a}';
$string['undo'] = 'تراجع';
$string['undone'] = 'تم التراجع.';
$string['updated'] = 'حُدّث {$a->ago} بالإصدار {$a->version} من النموذج. يُحتسب النشاط الجديد خلال دقائق وما عداه ليلًا.';
$string['viewlearner'] = 'عرض المتعلم';
$string['weekof'] = 'أسبوع';
$string['weeks'] = 'أسبوعًا بأسبوع';
$string['why'] = 'لماذا';
$string['work'] = 'الأعمال';
$string['wrong_means'] = 'يُستبعد المتعلم ويدخل رأيك في التدريب القادم دون أسماء.';
$string['wrong_text'] = 'ما الخطأ';
$string['yourwork'] = 'عملك';

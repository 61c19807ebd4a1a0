package models

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// A second corpus for the screen, written from the list in the request for it (national
// numbers of five countries, twelve digits, phones, e-mails, dates of birth, titles and
// names in Russian, Kazakh and English) and from how notes are written, not from the rules.
// Its sentences, names and forms are its own. No rule is to be changed to please it without
// saying so beside the figures in docs/identity.md: it is there to measure, not to be passed.

type written struct{ *rand.Rand }

func (c written) of(list []string) string { return list[c.IntN(len(list))] }

func (c written) between(from, to int) int { return from + c.IntN(to-from+1) }

func (c written) digits(n int) string {
	s := ""
	for range n {
		s += fmt.Sprint(c.IntN(10))
	}
	return s
}

// innocent sentences, as staff of the three kinds of organisations write them.
var writtenClean = []func(written) string{
	func(c written) string {
		return fmt.Sprintf("Пришёл на приём вовремя, настроен спокойно, сон %d часов.", c.between(3, 9))
	},
	func(c written) string {
		return fmt.Sprintf("Просит перевести приём метадона на %d:30, работает в ночную смену.", c.between(7, 11))
	},
	func(c written) string {
		return fmt.Sprintf("Доза %d мг, вторая неделя, жалоб на сонливость нет.", 5*c.between(4, 24))
	},
	func(c written) string {
		return fmt.Sprintf("Давление %d на %d, пульс %d, температура 36,%d.", c.between(100, 150), c.between(60, 95), c.between(58, 102), c.between(3, 9))
	},
	func(c written) string {
		return fmt.Sprintf("Выдано %d шприцев и %d презервативов, возвращено %d.", c.between(10, 80), c.between(5, 40), c.between(0, 60))
	},
	func(c written) string {
		return "Боится, что узнают на работе; просит звонить только через аутрич-работника."
	},
	func(c written) string {
		return fmt.Sprintf("Экспресс-тест на ВГС положительный, направлен на ПЦР %02d.%02d.2026.", c.between(1, 28), c.between(1, 12))
	},
	func(c written) string {
		return "Мать приходила, хочет быть на следующей встрече, клиент согласен."
	},
	func(c written) string {
		return fmt.Sprintf("Освобождается %02d.%02d.2026, нужен ночлег на первые дни и налоксон.", c.between(1, 28), c.between(1, 12))
	},
	func(c written) string {
		return "В субботу был в Астане у родственников, дозы взял с собой."
	},
	func(c written) string {
		return fmt.Sprintf("Повторный визит через %d дней, если рвота не прекратится, раньше.", c.between(2, 14))
	},
	func(c written) string {
		return fmt.Sprintf("AUDIT %d баллов, PHQ-9 %d, суицидальных мыслей не высказывает.", c.between(0, 40), c.between(0, 27))
	},
	func(c written) string {
		return "Рубец на левом предплечье, вены плохие, показали как снизить риск."
	},
	func(c written) string {
		return fmt.Sprintf("Вирусная нагрузка %d копий, CD4 %d, АРТ без пропусков.", c.between(20, 120000), c.between(90, 900))
	},
	func(c written) string {
		return "Юрист поможет с документами: удостоверение потеряно в СИЗО."
	},
	func(c written) string {
		return fmt.Sprintf("Налоксон 0,4 мг, партия %s, годен до 11.2027.", c.digits(6))
	},
	func(c written) string {
		return "Доктор сказал снизить дозу, сам клиент не хочет."
	},
	func(c written) string {
		return "Врач и психолог согласны: группа по вторникам."
	},
	func(c written) string {
		return fmt.Sprintf("Клиент %d күн келмеді, төзімділігі төмендеген болуы мүмкін.", c.between(2, 9))
	},
	func(c written) string {
		return "Ұйқысы нашар, тәбеті жақсы, топқа қатысқысы келеді."
	},
	func(c written) string {
		return fmt.Sprintf("Метадон %d мг, келесі қабылдау ертең таңғы сағат %d-де.", 5*c.between(4, 24), c.between(8, 11))
	},
	func(c written) string {
		return "Әйелі мен екі баласы бар, тұрғын үй мәселесі шешілмеген."
	},
	func(c written) string {
		return fmt.Sprintf("Қысымы %d/%d, жүрек соғысы бір қалыпты.", c.between(100, 150), c.between(60, 95))
	},
	func(c written) string {
		return fmt.Sprintf("Босатылатын күні 2026-%02d-%02d, емхана күтуде.", c.between(1, 12), c.between(1, 28))
	},
	func(c written) string {
		return "Дәрігерге қаралуға келісті, тест тапсырды, нәтижесі теріс."
	},
	func(c written) string {
		return fmt.Sprintf("Walked in without an appointment, asked for %d clean needles.", c.between(5, 40))
	},
	func(c written) string {
		return fmt.Sprintf("Day %d of induction, COWS down from %d to %d.", c.between(2, 9), c.between(18, 30), c.between(2, 12))
	},
	func(c written) string { return "His brother overdosed last month; he carries naloxone now." },
	func(c written) string {
		return fmt.Sprintf("Released on %d May, needs a bed for the first %d nights.", c.between(1, 28), c.between(2, 9))
	},
	func(c written) string { return "The doctor at the colony agrees to continue the dose." },
	func(c written) string { return "Prefers a female counsellor. Speaks Kazakh and some Russian." },
	func(c written) string {
		return fmt.Sprintf("Group session %d of 12, talked about work and debts.", c.between(1, 12))
	},
	func(c written) string {
		return fmt.Sprintf("Weight %d kg, height %d cm, ALT %d, AST %d.", c.between(45, 100), c.between(150, 195), c.between(12, 200), c.between(12, 200))
	},
	func(c written) string {
		return fmt.Sprintf("Order no. %d/%d of the ministry applies; see step 4.", c.between(10, 900), c.between(20, 26))
	},
}

// The forms of the request, each with the ways people write it.
var (
	ruFamily = []string{"Воробьёв", "Тищенко", "Мельник", "Бойко", "Жукова", "Гринберг", "Абдрахманова", "Кожевников", "Пархоменко", "Лысак"}
	ruFirst  = []string{"Пётр", "Зинаида", "Роман", "Оксана", "Геннадий", "Лилия", "Тарас", "Нелли"}
	ruSecond = []string{"Аркадьевич", "Леонидовна", "Фёдорович", "Юрьевна", "Ильич", "Кузьминична"}
	kkFirst  = []string{"Бауыржан", "Ақмарал", "Дәурен", "Жұлдыз", "Қайсар", "Толқын", "Ернар", "Сәуле"}
	kkFamily = []string{"Жақсылықов", "Тоқтарова", "Бейсенбі", "Қуанышбек", "Омарұлы", "Сейітқызы", "Алпысбай"}
	enFirst  = []string{"Peter", "Zarina", "Ruslan", "Olga", "Daniel", "Kamila"}
	enFamily = []string{"Walker", "Sadykov", "Brown", "Karimova", "Tulegenov", "Novak"}
)

var writtenForms = map[string]func(written) string{
	"KZ number": func(c written) string {
		return c.of([]string{"ИИН %s", "его иин %s записан", "ЖСН: %s", "IIN is %s", "документ %s"})
	},
	"12 digits": func(c written) string {
		return strings.Replace(c.of([]string{"карта %s", "полис %s", "договор № %s", "account %s"}), "%s", c.digits(12), 1)
	},
	"UZ number": func(c written) string {
		body := fmt.Sprintf("%d%02d%02d%02d%s", c.between(3, 6), c.between(1, 28), c.between(1, 12), c.between(60, 99), c.digits(6))
		sum := 0
		for i, r := range body {
			sum += int(r-'0') * [3]int{7, 3, 1}[i%3]
		}
		return strings.Replace(c.of([]string{"ПИНФЛ %s", "JShShIR %s", "pinfl: %s"}), "%s", body+fmt.Sprint(sum%10), 1)
	},
	"KG number": func(c written) string {
		return strings.Replace(c.of([]string{"ПИН %s", "персональный номер %s", "PIN %s"}), "%s",
			fmt.Sprintf("%d%02d%02d%d%s", c.between(1, 2), c.between(1, 28), c.between(1, 12), c.between(1955, 2004), c.digits(5)), 1)
	},
	"TJ number": func(c written) string {
		return c.of([]string{"ИНН ", "рамзи РМА ", "паспорт А"}) + c.digits(9)
	},
	"TM number": func(c written) string {
		return c.of([]string{"I-AŞ ", "I-DZ №", "II-MR ", "паспорт I-BN "}) + c.digits(6)
	},
	"phone KZ": func(c written) string {
		p := []string{fmt.Sprintf("70%d", c.IntN(9)), c.digits(3), c.digits(2), c.digits(2)}
		return c.of([]string{"звонить ", "мать: ", "моб. ", "его номер ", "call ", "нөмірі "}) +
			c.of([]string{"+7", "8", "+7 ", "8 ", "8-"}) + strings.Join(p, c.of([]string{"", " ", "-", "."}))
	},
	"phone other": func(c written) string {
		return c.of([]string{"звонить ", "тел ", "phone ", ""}) + c.of([]string{"+996 70" + c.digits(1) + " " + c.digits(6), "0 77" + c.digits(1) + " " + c.digits(2) + " " + c.digits(2) + " " + c.digits(2),
			"+998 (93) " + c.digits(3) + "-" + c.digits(2) + "-" + c.digits(2), "+992 91 " + c.digits(3) + " " + c.digits(4), "+993 61 " + c.digits(6)})
	},
	"landline": func(c written) string {
		return c.of([]string{"дом. тел. ", "телефон сестры ", "phone of the sister: "}) + c.digits(3) + "-" + c.digits(2) + "-" + c.digits(2)
	},
	"e-mail": func(c written) string {
		return c.of([]string{"почта ", "писать на ", "e-mail: "}) + c.of([]string{"tishenko", "b.kaisar", "roma_88", "olga.novak"}) + c.of([]string{"@yandex.kz", "@gmail.com", "@mail.ru", " @ bk.ru", "(at)inbox.ru"})
	},
	"birth date": func(c written) string {
		d, m, y := c.between(1, 28), c.between(1, 12), c.between(1960, 2003)
		num := fmt.Sprintf("%02d.%02d.%d", d, m, y)
		months := []string{"января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"}
		return c.of([]string{"д.р. " + num, "дата рождения: " + num, num + " г.р.", "родился " + num, fmt.Sprintf("родилась %d %s %d года", d, months[m-1], y),
			"туған күні: " + num, num + " жылы туған", fmt.Sprintf("%d жылы %02d.%02d туылған", y, d, m), "born " + num, "DOB " + fmt.Sprintf("%d-%02d-%02d", y, m, d), "date of birth " + fmt.Sprintf("%d/%d/%d", d, m, y)})
	},
	"title RU": func(c written) string {
		return c.of([]string{"гражданка ", "гр. ", "господин ", "г-жа ", "гр-н ", "тов. ", "доктор ", "гражданину ", "от г-на "}) + c.of(ruFamily)
	},
	"title KK": func(c written) string {
		return c.of([]string{c.of(kkFirst) + " мырза", c.of(kkFirst) + " ханым", "азамат " + c.of(kkFamily), "азаматша " + c.of(kkFamily), "дәрігер " + c.of(kkFamily), c.of(kkFirst) + " апай", c.of(kkFirst) + " ағай"})
	},
	"title EN": func(c written) string {
		return c.of([]string{"Mr ", "Mrs ", "Ms. ", "Dr ", "Miss ", "Dr. ", "Mr. " + c.of(enFirst) + " "}) + c.of(enFamily)
	},
	"full name RU": func(c written) string {
		family, first, second := c.of(ruFamily), c.of(ruFirst), c.of(ruSecond)
		return c.of([]string{family + " " + first + " " + second, first + " " + second, family + " " + string([]rune(first)[:1]) + ". " + string([]rune(second)[:1]) + ".", first + " " + family})
	},
	"full name KK": func(c written) string {
		return c.of([]string{c.of(kkFirst) + " " + c.of(kkFamily), c.of(kkFamily) + " " + c.of(kkFirst)})
	},
	"full name EN": func(c written) string { return c.of(enFirst) + " " + c.of(enFamily) },
}

func (c written) note(form string) string {
	var sentences []string
	for range c.between(1, 3) {
		sentences = append(sentences, writtenClean[c.IntN(len(writtenClean))](c))
	}
	if form != "" {
		text := writtenForms[form](c)
		text = strings.Replace(text, "%s", validIIN(c.Rand), 1)
		where := c.IntN(len(sentences) + 1)
		sentences = slices.Insert(sentences, where, c.of([]string{text + ".", "Со слов: " + text + ".", text + ", проверено."}))
	}
	return strings.Join(sentences, " ")
}

func TestScreenText_WrittenCorpus(t *testing.T) {
	t.Parallel()
	const each = 2000
	c := written{rand.New(rand.NewPCG(4, 2026))}
	alarms := 0
	for range each {
		note := c.note("")
		if rule, ok := ScreenText(note); !ok {
			alarms++
			t.Logf("false alarm of %s: %s", rule, note)
		}
	}
	forms := slices.Sorted(maps.Keys(writtenForms))
	tried, found, hits := map[string]int{}, map[string]int{}, 0
	for i := range each {
		form := forms[i%len(forms)]
		note := c.note(form)
		tried[form]++
		if _, ok := ScreenText(note); ok {
			t.Logf("missed %s: %s", form, note)
			continue
		}
		found[form]++
		hits++
	}
	for _, form := range forms {
		t.Logf("%-14s %4d of %4d found", form, found[form], tried[form])
	}
	precision, recall := percent(hits, hits+alarms), percent(hits, each)
	t.Logf("%d notes: precision %.1f %%, recall %.1f %%", 2*each, precision, recall)
	if precision < 99.5 || recall < 96 { // a guard against a change for the worse, below what was measured
		t.Errorf("precision %.1f %%, recall %.1f %%", precision, recall)
	}
}

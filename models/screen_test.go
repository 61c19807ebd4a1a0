package models

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
)

// The first five are W11 of the worked examples (docs/indicators.md).
var refusedTexts = map[string]string{
	"IIN 840315300017": "national_number_kz",
	"8403 1530 0017":   "national_number_kz",
	"31503840010018":   "national_number_uz",
	"840315300018":     "long_digit_run",

	"840315-300017":                    "national_number_kz",
	"84.03.15/30.00.17":                "national_number_kz",
	"8 4 0 3 1 5 3 0 0 0 1 7":          "national_number_kz",
	"84\u200B0315\u00A0300\u2009017":   "national_number_kz",
	"84O3153OOO17":                     "national_number_kz",
	"84О315 3ОО О17":                   "national_number_kz", // Cyrillic О
	"８４０３１５３０００１７":                     "national_number_kz", // full width
	"٨٤٠٣١٥٣٠٠٠١٧":                     "national_number_kz", // Arabic-Indic
	"⁸⁴⁰³¹⁵³⁰⁰⁰¹⁷":                     "national_number_kz",
	"8\u03364\u03360315300017":         "national_number_kz", // struck through
	"840315, 300017":                   "national_number_kz",
	"ИИН:840315300017, метадон":        "national_number_kz",
	"визит 2: 840315300017":            "national_number_kz",
	"3 1503 8400 1001 8":               "national_number_uz",
	"21503198400123":                   "national_number_kg",
	"ПИН 2 15.03.1984 00123":           "national_number_kg",
	"8403 1530 0018":                   "long_digit_run",
	"84 03 15 30 00 18":                "long_digit_run",
	"4400 4302 1234 5678":              "long_digit_run",
	"x123456789012345678901234567890x": "long_digit_run",
	"пишите на ivanov.i@mail.kz":       "email",
	"ivanov (at) mail.kz":              "email",
	"тел. +7 (701) 123-45-67":          "phone",
	"8 701 123 45 67":                  "phone",
	"87011234567":                      "phone",
	"+996 555 123 456":                 "phone",
	"0555 12 34 56":                    "phone",
	"+998 90 123 45 67":                "phone",
	"90 123 45 67":                     "phone",
	"+992 93 123 4567":                 "phone",
	"+993 65 12 34 56":                 "phone",
	"701 123 45 67":                    "phone",
	"телефон матери 25-30-40":          "phone",
	"+49 151 12345678":                 "phone",
	"дата рождения 15.03.1984":         "birth_date",
	"15.03.1984 г.р.":                  "birth_date",
	"родилась 15 марта 1984 года":      "birth_date",
	"DOB: 1984-03-15":                  "birth_date",
	"born on March 15, 1984":           "birth_date",
	"туған күні 15.03.1984":            "birth_date",
	"1984 жылғы 15 наурызда туған":     "birth_date",
	"tugʻilgan sanasi 15.03.1984":      "birth_date",
	"паспорт I-AS 123456":              "passport_tm",
	"II-MR № 654321":                   "passport_tm",
	"ИНН 123456789":                    "tax_number_tj",
	"РМА: 123 456 789":                 "tax_number_tj",
	"123456789 (шиноснома)":            "tax_number_tj",
	"passport no. 401234567":           "tax_number_tj",
	"паспорт AA 1234567":               "passport_number",
	"удостоверение личности № 04123456": "passport_number",
	"гр. Иванов":                 "title_and_name",
	"гр.Иванов доставлен":        "title_and_name",
	"г-н Петров":                 "title_and_name",
	"г-жа ПЕТРОВА":               "title_and_name",
	"товарищ Ким":                "title_and_name",
	"гражданка Ли":               "title_and_name",
	"доктор Ахметова":            "title_and_name",
	"Mr. John Smith":             "title_and_name",
	"Mrs Smith":                  "title_and_name",
	"Dr. J. Watson":              "title_and_name",
	"азамат Нұрланов":            "title_and_name",
	"Нұрланов мырза":             "title_and_name",
	"Иванова И.И.":               "title_and_name",
	"И. И. Иванова":              "title_and_name",
	"Smith J.K.":                 "title_and_name",
	"Ахметов А.":                 "title_and_name",
	"Иван Петрович":              "title_and_name",
	"Петрович не пришёл":         "title_and_name",
	"передать Анне Сергеевне":    "title_and_name",
	"Нұрлан Серікұлы":            "title_and_name",
	"Айгүл Маратқызы":            "title_and_name",
	"Асан уулу Бакыт":            "title_and_name",
	"Karimov Akmal Botir oʻgʻli": "title_and_name",
	"Нурланулы":                  "title_and_name",
	"пациент Ахметов":            "title_and_name",
	"клиентке Ивановой":          "title_and_name",
	"Ахметов Нурлан":             "title_and_name",
	"Nurlan Akhmetov":            "title_and_name",
}

func TestScreenText_NamesTheRule(t *testing.T) {
	t.Parallel()
	for text, want := range refusedTexts {
		if rule, ok := ScreenText(text); ok || rule != want {
			t.Errorf("ScreenText(%q) = %q, %v; want %s", text, rule, ok, want)
		}
	}
}

func TestScreenText_AcceptsClinicalNotes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "methadone 60 mg from 2026-03-02", "2026-03-02 60 mg", "метадон 60 мг с 02.03.2026 по 16.03.2026",
		"01.02.2026-01.03.2026 налтрексон 50 мг", "с 01.02.2026 - 15.03.2026, затем 2026-03-16/2026-04-16",
		"АД 120/80, 130/85 и 125/80 мм рт. ст.", "АД 120/80 130/85 125/80", "схема 30-40-50-60-70-80 мг", "taper 60 55 50 45 40 35 30 25",
		"COWS 12, AUDIT 20, DUDIT 25, ASSIST 27", "приём в 09:00, 13:00 и 18:00 02.03.2026", "F11.22, 6C43.2",
		"Naloxone I.V. given", "Diazepam P.O. 10 mg", "5 гр. Героина в день", "2 гр. инвалидности", "гр. риска: высокий",
		"Гражданин РК", "гражданка Казахстана, согласна на перевод", "Клиенттің қызы келді", "Екі ұлы бар", "Капсулы по 75 мг",
		"Did not miss Monday dose", "Основной диагноз F11.2", "Ежедневной выдачи нет", "родила ребёнка 12.01.2026",
		"gave consent on 2026-01-12", "gave birth on 2026-01-12", "MRI and ECG done", "dose at 08.00, 20 mg @ 08.00", "вес 70 кг, рост 175 см, пульс 78",
		"HCV+ 2026-03-02, 60 mg", "№ 12 палата, этаж 3", "10 из 12 доз за 14 дней", "жол 7, 12 бет", "C1-W691-A365-GKKA-M",
		"Метадон 60 мг, қабылдау 2026-03-02", "мерзімі 02.03.2026 бітті", "1,5 мл 0,9 % NaCl 400 мл", "0.5-1.0-1.5-2.0-2.5 мг",
	} {
		if rule, ok := ScreenText(text); !ok || rule != "" {
			t.Errorf("ScreenText(%q) is refused by %q", text, rule)
		}
	}
}

// Every decimal digit of Unicode reads as its value: the tables hold whole runs of
// ten.
func TestScreenText_ReadsTheDigitsOfEveryScript(t *testing.T) {
	t.Parallel()
	n := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.Is(unicode.Nd, r) {
			continue
		}
		if got, want := normaliseText(string(r)), string(rune('0'+n%10)); got != want {
			t.Fatalf("digit %U reads as %q, want %s", r, got, want)
		}
		n++
	}
	if n < 600 {
		t.Errorf("%d digits, Unicode has more", n)
	}
}

func TestNationalNumbers_CheckDigitRowsAndShapes(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]bool{
		"840315300017": true, "840315300018": false, "841315300017": false, "840332300017": false, "84031530001": false,
		"840315100012": false, // the 1800s
	} {
		if got := isKazakhIIN(number); got != want {
			t.Errorf("isKazakhIIN(%s) = %v", number, got)
		}
	}
	random, second, never := rand.New(rand.NewPCG(3, 4)), 0, 0
	for range 5000 {
		stem := iinStem(random)
		check, row := iinCheck(stem)
		if row == 2 {
			second++
		}
		if check < 0 {
			never++
		}
		for d := range 10 {
			if got := isKazakhIIN(stem + string(rune('0'+d))); got != (d == check) {
				t.Fatalf("isKazakhIIN(%s%d) = %v, check digit is %d", stem, d, got, check)
			}
		}
	}
	if second == 0 || never == 0 {
		t.Error("the second row of weights, or a number never issued, did not occur")
	}
	for number, want := range map[string]bool{"31503840010018": true, "31503840010019": false, "71503840010018": false, "33203840010018": false} {
		if got := isUzbekPINFL(number); got != want {
			t.Errorf("isUzbekPINFL(%s) = %v", number, got)
		}
	}
	for number, want := range map[string]bool{"21503198400123": true, "31503198400123": false, "21513198400123": false, "21503188400123": false} {
		if got := isKyrgyzPIN(number); got != want {
			t.Errorf("isKyrgyzPIN(%s) = %v", number, got)
		}
	}
}

// iinStem draws the first eleven digits of an IIN.
func iinStem(random *rand.Rand) string {
	digits := func(n, width int) string {
		s := ""
		for ; width > 0; width-- {
			s = string(rune('0'+n%10)) + s
			n /= 10
		}
		return s
	}
	return digits(random.IntN(100), 2) + digits(1+random.IntN(12), 2) + digits(1+random.IntN(28), 2) +
		string("03456"[random.IntN(5)]) + digits(random.IntN(10000), 4)
}

// iinCheck is the rule written out with both rows of weights, to test the code that
// computes them; row is 1 or 2, check is -1 when the number is never issued.
func iinCheck(stem string) (check, row int) {
	for i, weights := range [][11]int{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, {3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2}} {
		sum := 0
		for j, w := range weights {
			sum += int(stem[j]-'0') * w
		}
		if sum%11 < 10 {
			return sum % 11, i + 1
		}
	}
	return -1, 2
}

// validIIN draws a number that was or could be issued.
func validIIN(random *rand.Rand) string {
	for {
		stem := iinStem(random)
		if check, _ := iinCheck(stem); check >= 0 {
			return stem + string(rune('0'+check))
		}
	}
}

// separators are what people, and those who test a filter, put inside a number.
var separators = []string{
	" ", ".", "-", "/", "\u00A0", "\u2009", "\u3000", "\u200B", "\u200D", "\uFEFF", "\u00AD", "–", "—", "−", ",", ", ", " - ", "_", ":",
	"\t", "\n", "  ", "·", "•", "|", "*", "(", ")", "'", "\\", "\u0336",
}

// separate writes a number with separators after some digits.
func separate(random *rand.Rand, number string) string {
	var b strings.Builder
	for _, r := range number {
		b.WriteRune(r)
		for random.IntN(3) == 0 {
			b.WriteString(separators[random.IntN(len(separators))])
		}
	}
	return b.String()
}

func FuzzScreen(f *testing.F) {
	for text := range refusedTexts {
		f.Add(text, uint64(1))
	}
	f.Add("methadone 60 mg from 2026-03-02", uint64(2))
	f.Add("\xff\x00O0o", uint64(3))
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		rule, ok := ScreenText(text)
		if ok != (rule == "") {
			t.Errorf("ScreenText(%q) = %q, %v", text, rule, ok)
		}
		random := rand.New(rand.NewPCG(seed, 5))
		written := separate(random, validIIN(random))
		if _, ok := ScreenText(text + " ИИН " + written + " end"); ok {
			t.Errorf("a valid IIN written as %q is accepted", written)
		}
	})
}

package indicators

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"jol/models"
)

// Method tells a reader how the counts were protected (disclosure control §2.7), in
// plain words for people and in figures for programs. All figures are in counts and
// scaled to the table.
type Method struct {
	Name     string  `json:"name"`
	Version  int     `json:"version"`
	NoiseSd  float64 `json:"noiseSd"`
	NoiseMax int     `json:"noiseMax"`
	Floor    int     `json:"floor"`
	// Text is by language: en, ru, kk.
	Text     map[string]string `json:"text"`
	P95      int               `json:"p95"`
	Additive bool              `json:"additive"`
	RateRule map[string]string `json:"rateRule"`
}

const (
	methodName    = "SR-CKM"
	methodVersion = 2
)

// Languages of every text that is published.
var Languages = []string{"en", "kk", "ru"}

// The sentences of the method. Verbs: sd, bound, floor, floor, half width, sd of a
// difference.
var (
	textOfAll = map[string]string{
		"en": "Every count carries random noise (standard deviation %s, at most %d). A count below %d is shown as <%d and may be zero. Tables do not add up: use the published total. At least 95 of 100 counts lie within %d of the truth. A difference of two counts has a standard deviation of %s and says nothing about one person.",
		"ru": "К каждому числу добавлен случайный шум (стандартное отклонение %s, не более %d). Число меньше %d показано как <%d и может быть нулём. Таблицы не складываются: берите опубликованный итог. Не менее 95 чисел из 100 отличаются от истинных не более чем на %d. Разность двух чисел имеет стандартное отклонение %s и ничего не говорит об одном человеке.",
		"kk": "Әр санға кездейсоқ шу қосылған (стандартты ауытқуы %s, ең көбі %d). %d санынан кіші мән <%d деп көрсетіледі және нөл болуы мүмкін. Кестелердің сандары қосылып, жиынтық бермейді: жарияланған жиынтықты алыңыз. 100 санның кемінде 95-і шын мәннен ең көбі %d-ге ғана өзгеше. Екі санның айырмасының стандартты ауытқуы %s, ол жеке адам туралы ештеңе айтпайды.",
	}
	// Verbs: percent of zeros, floor.
	textOfZeros = map[string]string{
		"en": " A shown small number may stand for none: about %s %% of true zeros come out at %d or more.",
		"ru": " Показанное малое число может означать и ноль: около %s %% истинных нулей становятся числом %d или больше.",
		"kk": " Көрсетілген шағын сан шын мәнінде нөл болуы мүмкін: шын нөлдердің шамамен %s %% %d немесе одан үлкен сан болып шығады.",
	}
	textOfEvents = map[string]string{
		"en": " A client adds at most %d; noise and floor are scaled to that.",
		"ru": " Один клиент добавляет не более %d; шум и порог увеличены соответственно.",
		"kk": " Бір клиент ең көбі %d қосады; шу мен шек соған сай ұлғайтылған.",
	}
	textOfAge = map[string]string{
		"en": " Unknown age is counted in %s.",
		"ru": " Неизвестный возраст отнесён к группе %s.",
		"kk": " Белгісіз жас %s тобына жатқызылған.",
	}
	textOfJoined = map[string]string{
		"en": " Regions or drugs with a published total under 200 are shown together.",
		"ru": " Регионы или наркотики с опубликованным итогом менее 200 показаны вместе.",
		"kk": " Жарияланған жиынтығы 200-ден аз өңірлер немесе есірткілер бірге көрсетілген.",
	}
	textOfMeans = map[string]string{
		"en": " Means are worked out from the published bands and are approximate.",
		"ru": " Средние рассчитаны по опубликованным группам и являются приближёнными.",
		"kk": " Орташа мәндер жарияланған топтар бойынша есептелген және жуық.",
	}
	textOfRates = map[string]string{
		"en": "Numerator and denominator are both perturbed. A rate is given if the denominator is at least 50 and the numerator at least 5 and not below the floor: whole percent under a denominator of 500, one decimal above. The interval covers the noise, not who was missed.",
		"ru": "Шум добавлен и к числителю, и к знаменателю. Показатель приводится, если знаменатель не меньше 50, а числитель не меньше 5 и не ниже порога: целые проценты при знаменателе до 500, один знак после запятой выше. Интервал учитывает шум, но не тех, кто не был учтён.",
		"kk": "Шу алымға да, бөлімге де қосылған. Көрсеткіш бөлімі 50-ден, алымы 5-тен кем болмаса және шектен төмен болмаса беріледі: бөлімі 500-ге дейін бүтін пайыз, одан жоғары бір ондық таңба. Аралық шуды ғана ескереді, есепке алынбағандарды ескермейді.",
	}
	// ageOfUnknown names the band that holds unknown ages.
	ageOfUnknown = map[string]string{DimAge: "25-44", DimAgeFine: "30-34", DimAgeWHO: "25+"}
)

// methodOf writes the method block of a table.
func methodOf(line TableLine, indicator Indicator, noise Noise) Method {
	sd, zeros := math.Sqrt(float64(noise.Variance)), 100*noise.zerosShown()
	m := Method{
		Name: methodName, Version: methodVersion, NoiseSd: sd, NoiseMax: noise.Bound, Floor: noise.Floor,
		Text: map[string]string{}, P95: noise.p95(), RateRule: textOfRates,
	}
	for _, lang := range Languages {
		text := fmt.Sprintf(textOfAll[lang], numeral(sd, -1, lang), noise.Bound, noise.Floor, noise.Floor, noise.p95(), numeral(sd*math.Sqrt2, 1, lang))
		text += fmt.Sprintf(textOfZeros[lang], numeral(zeros, 1, lang), noise.Floor)
		if indicator.PerClient > 1 {
			text += fmt.Sprintf(textOfEvents[lang], indicator.PerClient)
		}
		for _, d := range line.Dimensions {
			if band, ok := ageOfUnknown[d]; ok {
				text += fmt.Sprintf(textOfAge[lang], band)
			}
		}
		if slices.Contains(line.Dimensions, DimDrugRow) && line.ID != drugTotals || slices.Contains(line.Dimensions, DimRegion) && line.attributes() >= 2 {
			text += textOfJoined[lang]
		}
		if _, ok := meanDimension(line.Dimensions); ok {
			text += textOfMeans[lang]
		}
		m.Text[lang] = text
	}
	return m
}

// numeral writes a number for people. A precision of -1 gives every digit.
func numeral(n float64, precision int, lang string) string {
	return models.LocalNumeral(strconv.FormatFloat(n, 'f', precision, 64), lang)
}

// narrowed says in a title which part of a split the table is.
func narrowed(title map[string]string, where Filter) map[string]string {
	words := map[string]map[string]string{
		"F": {"en": "women", "ru": "женщины", "kk": "әйелдер"},
		"M": {"en": "men", "ru": "мужчины", "kk": "ерлер"},
	}[where.Code]
	for lang := range title {
		title[lang] += ", " + words[lang]
	}
	return title
}

package synthetic

import (
	"strings"
	"sync"

	"jol/models"
)

// Parents' first names as they are common in the five countries, in Cyrillic and in one
// Latin spelling, the most frequent first. They never leave this file: what a worker
// would type does. A test holds both spellings of a name to one folding.
var (
	mothers = map[string]string{
		"KZ": "Айгуль=Aigul Гульнара=Gulnara Светлана=Svetlana Сауле=Saule Елена=Yelena Жанар=Zhanar Наталья=Natalya Бибигуль=Bibigul " +
			"Марина=Marina Динара=Dinara Татьяна=Tatyana Қарлығаш=Karlygash Людмила=Ludmila Розалия=Rozaliya Шолпан=Sholpan Зауреш=Zauresh " +
			"Ирина=Irina Айсұлу=Aisulu Меруерт=Meruert Кульпаш=Kulpash Валентина=Valentina Назгуль=Nazgul " +
			"Оразгуль=Orazgul Рабига=Rabiga Ботагөз=Botagoz Тамара=Tamara Лариса=Larisa Құралай=Kuralai Фатима=Fatima Екатерина=Yekaterina " +
			"Перуза=Peruza Эльмира=Elmira Гаухар=Gauhar Ұлжан=Ulzhan Ырысты=Yrysty Хадиша=Hadisha Раушан=Raushan Мадина=Madina Зинаида=Zinaida " +
			"Кенжегуль=Kenzhegul Сымбат=Symbat Тұрсын=Tursyn Балжан=Balzhan Дәмеш=Damesh Инкар=Inkar Жұлдыз=Zhuldyz Нұржамал=Nurzhamal Любовь=Lubov " +
			"Вероника=Veronika Галина=Galina Оксана=Oksana Алтын=Altyn Мөлдір=Moldir Толқын=Tolkyn Жібек=Zhibek",
		"KG": "Нургуль=Nurgul Чолпон=Cholpon Бурул=Burul Жылдыз=Zhyldyz Айнура=Ainura Венера=Venera Токтокан=Toktokan Салтанат=Saltanat Перизат=Perizat",
		"TJ": "Зарина=Zarina Мавлуда=Mavluda Гулчехра=Gulchehra Шахноза=Shahnoza Фарзона=Farzona Нигина=Nigina Хосият=Hosiyat Рухшона=Rukhshona",
		"TM": "Огулджан=Oguljan Майса=Maysa Джерен=Jeren Энеджан=Enejan Бибихан=Bibihan Гозель=Gozel Амангуль=Amangul",
		"UZ": "Дилноза=Dilnoza Нилуфар=Nilufar Гулбахор=Gulbahor Шахло=Shahlo Мухаббат=Muhabbat Озода=Ozoda Севара=Sevara Феруза=Feruza Юлдуз=Yulduz Барно=Barno",
	}
	fathers = map[string]string{
		"KZ": "Нурлан=Nurlan Серик=Serik Сергей=Sergey Болат=Bolat Ерлан=Yerlan Александр=Aleksandr Марат=Marat Қайрат=Kairat Владимир=Vladimir " +
			"Асқар=Askar Жандос=Zhandos Талғат=Talgat Виктор=Viktor Ержан=Yerzhan Бауыржан=Bauyrzhan Юлиан=Yulian Әділет=Adilet Дәурен=Dauren " +
			"Өмірбек=Omirbek Шамиль=Shamil Николай=Nikolay Рустем=Rustem Кенжебек=Kenzhebek " +
			"Мұхтар=Muhtar Дмитрий=Dmitriy Оралбек=Oralbek Тимур=Timur Рашид=Rashid Габит=Gabit Игнат=Ignat Павел=Pavel Ғалым=Galym Төлеген=Tolegen " +
			"Ілияс=Iliyas Фархат=Farhat Хамит=Hamit Құдайберген=Kudaibergen Евгений=Yevgeniy Анатолий=Anatoliy Бекзат=Bekzat Дінмұхаммед=Dinmuhammed " +
			"Самат=Samat Жұмабек=Zhumabek Олжас=Olzhas Ықылас=Ykylas Эльдар=Eldar Мейрам=Meiram Сәкен=Saken Азамат=Azamat Руслан=Ruslan Петро=Petro " +
			"Темірхан=Temirhan Леонид=Leonid Вадим=Vadim Зейнолла=Zeinolla Ұланбай=Ulanbai Нағашыбай=Nagashybai Мирас=Miras Константин=Konstantin Тұрар=Turar",
		"KG": "Бакыт=Bakyt Уланбек=Ulanbek Таалайбек=Taalaibek Чынгыз=Chyngyz Эрмек=Ermek Мирлан=Mirlan Замирбек=Zamirbek Жээнбек=Zheenbek",
		"TJ": "Рахмон=Rahmon Фирдавс=Firdavs Джамшед=Jamshed Сухроб=Suhrob Хуршед=Khurshed Абдулло=Abdullo Парвиз=Parviz Илхом=Ilhom",
		"TM": "Мурад=Murad Батыр=Batyr Довлет=Dovlet Оразмухаммет=Orazmuhammet Сердар=Serdar Гурбан=Gurban Эзизбек=Ezizbek",
		"UZ": "Шавкат=Shavkat Бахтиёр=Bahtiyor Улугбек=Ulugbek Жасур=Jasur Отабек=Otabek Фарход=Farhod Равшан=Ravshan Зафар=Zafar Искандар=Iskandar Хасан=Hasan",
	}
)

// roots says from which country's list a parent's name comes.
var roots = []choice[string]{{82, "KZ"}, {8, "UZ"}, {5, "KG"}, {4, "TJ"}, {1, "TM"}}

// initials are the letters of one name a worker types, in either script.
type initials struct{ cyrillic, latin string }

// typed returns the letters in one of the scripts.
func (i initials) typed(latin bool) string {
	if latin {
		return i.latin
	}
	return i.cyrillic
}

// namesakes is a list of initials by the weight of the names behind them.
type namesakes map[string][]choice[initials]

var parents = sync.OnceValue(func() (both [2]namesakes) {
	for i, lists := range []map[string]string{mothers, fathers} {
		both[i] = namesakes{}
		for country, list := range lists {
			for rank, name := range strings.Fields(list) {
				cyrillic, latin, _ := strings.Cut(name, "=")
				letters := initials{firstLetters(cyrillic), firstLetters(latin)}
				both[i][country] = append(both[i][country], choice[initials]{1 / float64(rank+15), letters})
			}
		}
	}
	return both
})

// firstLetters are the first letters of a name, as many as the registration asks for:
// two, or one more where two stand for one.
func firstLetters(name string) string {
	letters := []rune(name)
	for n := 2; n < len(letters); n++ {
		if _, complete, err := models.FoldInitials(string(letters[:n])); err == nil && complete {
			return string(letters[:n])
		}
	}
	return name
}

func (d *dice) mother() initials { return pick(d, parents()[0][pick(d, roots)]) }

func (d *dice) father() initials { return pick(d, parents()[1][pick(d, roots)]) }

// misheard changes the last letter, as a worker does who hears another vowel.
func misheard(letters string) string {
	r := []rune(letters)
	last := len(r) - 1
	for _, pair := range []string{"ао", "әе", "оа", "еи", "ие", "іе", "уо", "ұо", "ao", "oa", "ei", "ie", "uo"} {
		if p := []rune(pair); r[last] == p[0] {
			r[last] = p[1]
			return string(r)
		}
	}
	if r[last] < 0x80 {
		r[last] = 'a'
	} else {
		r[last] = 'а'
	}
	return string(r)
}

# The sentences of en-US.ftl in Polish, which says what the values are. Readers are “ty”, without a word of gender.

hint-empty = Zapytaj mnie o coś: napisz pytanie po mojej nazwie, wyślij mi obraz albo użyj /ask.
withheld = Discord nie pokazał mi treści twojej wiadomości: wspomnij o mnie w osobnej wiadomości albo użyj „Ask about this message” z menu „Aplikacje” przy tamtej.
note-quote-withheld = Discord nie pokazał mi wiadomości, na którą odpowiadasz: użyj „Ask about this message” z jej menu „Aplikacje”, a będę mógł ją przeczytać.
queue-full = { $waiting ->
        [one] Czeka tu już { $waiting } pytanie: zapytaj ponownie, gdy na nie odpowiem.
        [few] Czekają tu już { $waiting } pytania: zapytaj ponownie, gdy odpowiem na część z nich.
       *[other] Czeka tu już { $waiting } pytań: zapytaj ponownie, gdy odpowiem na część z nich.
    }
quota-spent = Masz już za sobą { $limit ->
        [one] { $limit } pytanie
        [few] { $limit } pytania
       *[other] { $limit } pytań
    } w tej godzinie, a więcej nie można: zapytaj ponownie { $retry }.
guild-not-allowed = Mój operator nie udostępnił mnie na tym serwerze: poproś go o dodanie serwera albo korzystaj ze mnie tam, gdzie działam.
dm-not-allowed = Mój operator pozwala mi odpowiadać na wiadomości prywatne tylko członkom swoich serwerów: dołącz do któregoś albo zapytaj tam.
restarting = Właśnie trwa mój restart: zapytaj ponownie za minutę.
try-later = Nie udało mi się sprawdzić, czy możesz tu pytać: spróbuj ponownie za minutę.
hint-cannot-write = Na tym kanale nie mogę pisać z własnej inicjatywy, a tylko odpowiadać na polecenia z ukośnikiem: administrator może mi tu przyznać „View Channel” i „Send Messages”.

reka-auth = Nie mogę się teraz zalogować do Reka: przekaż mojemu operatorowi, że trzeba odnowić sesję Reka.
reka-busy = Reka ma teraz bardzo dużo pracy: spróbuj ponownie za minutę.
reka-busy-until = Reka ma teraz bardzo dużo pracy: spróbuj ponownie { $retry }.
reka-quota = Środki na Reka się skończyły: przekaż to mojemu operatorowi.
reka-silent = Reka zamilkła: spróbuj ponownie.
reka-down = Nie mogę się teraz połączyć z Reka: spróbuj ponownie za minutę.
reka-odd = Reka przysłała odpowiedź, której nie dało się odczytać: spróbuj ponownie.
reka-refused = Reka nie przyjęła tego pytania: zadaj je inaczej albo krócej.
reka-filtered = Filtr treści Reka zatrzymał tę odpowiedź: zapytaj inaczej.
unexpected = Coś poszło nie tak po mojej stronie i jest to w moim dzienniku: spróbuj ponownie.
memory-unavailable = Nie mogę teraz sięgnąć do swojej pamięci: spróbuj ponownie za minutę.
discord-refused = Discord nie chciał pokazać tej odpowiedzi: zapytaj inaczej.

thinking = Myślę…
rest-in-file = Cała odpowiedź jest w załączonym pliku.
thought-in-file = Całość tych przemyśleń jest w załączonym pliku.
thought-gone = Nie mam już tych przemyśleń: przechowuję je najwyżej godzinę, a po restarcie znikają.

note-broke-off = Odpowiedź urwała się w tym miejscu. { $why }
note-too-long = Kończę tutaj: ta odpowiedź osiągnęła limit { $limit ->
        [one] { $limit } znaku
       *[other] { $limit } znaków
    }. Poproś o ciąg dalszy, jeśli chcesz więcej.
note-too-slow = Kończę tutaj: ta odpowiedź trwa dłużej niż { $minutes ->
        [one] { $minutes } minutę
        [few] { $minutes } minuty
       *[other] { $minutes } minut
    }. Poproś o ciąg dalszy, jeśli chcesz więcej.
note-token-ending = Kończę tutaj: Discord pozwala mi odpowiadać na polecenie tylko przez 15 minut. Poproś o ciąg dalszy, jeśli chcesz więcej.
note-pictures-refused = W odpowiedzi brakuje obrazów z tej rozmowy, których Reka nie przyjęła.
note-restarted = Restart przerwał mi w połowie tej odpowiedzi: spróbuj ponownie.
note-at-models-limit = Kończę tutaj: ta odpowiedź osiągnęła limit modelu.
note-only-thought = Skończyło się na samych przemyśleniach, bez odpowiedzi.

button-try-again = Spróbuj ponownie
button-go-on = Kontynuuj
button-thinking = Pokaż przemyślenia
again-not-yours = Ponowić próbę może tylko osoba, która zadała pytanie, albo ktoś, kto zarządza tu wiadomościami.
again-running = Już nad tym pracuję albo odpowiedź już jest.
again-forgotten = Nie pamiętam już tego pytania: zadaj je jeszcze raz.

reset-done = Gotowe: ta rozmowa jest zapomniana i zaczynamy od nowa.
reset-nothing = Nie było czego zapominać: zaczynamy od nowa.

operator-only = To polecenie jest dla mojego operatora: zapytaj mnie o coś innego.
operator-synced = Discord ma teraz te moje polecenia: { $names }.
operator-sync-failed = Discord nie przyjął moich poleceń ({ $why }): spróbuj ponownie za minutę.
operator-reloaded = Wczytano na nowo: { $names }.
operator-reload-failed = Nie udało się na nowo wczytać { $name } ({ $why }), działa więc jak dotąd: więcej mówi mój dziennik.

file-too-many = { $limit ->
        [one] Obejrzano tylko pierwszy obraz
        [few] Obejrzano tylko pierwsze { $limit } obrazy
       *[other] Obejrzano tylko pierwszych { $limit } obrazów
    }; pominięto: { $names }.
file-too-large = Pominięto { $name }: plik jest większy niż { $limit_mib } MiB.
file-not-picture = Pominięto { $name }: mogę oglądać tylko obrazy PNG, JPEG, WebP i GIF.
file-broken = Pominięto { $name }: plik jest uszkodzony albo obraz jest za duży, by go otworzyć.
file-refused = Pominąłem { $name }: Reka nie przyjęła tego pliku.
file-gone = Pominięto { $name }: Discord nie ma już tego pliku, więc załącz go jeszcze raz.
file-unreachable = Pominięto { $name }: nie udało się pobrać pliku, więc załącz go jeszcze raz.
file-forbidden-host = Pominięto { $name }: pobieram pliki tylko z Discorda.

about-question = Wyjaśnij mi tę wiadomość.
go-on-question = Kontynuuj dokładnie od miejsca, w którym odpowiedź się urwała, w tym samym języku.

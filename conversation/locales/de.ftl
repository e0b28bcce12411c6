# The sentences of en-US.ftl in German, which says what the values are. Readers are “du”, as in Discord's German.

hint-empty = Frag mich etwas: Schreib deine Frage hinter meinen Namen, schick mir ein Bild oder nimm /ask.
withheld = Discord hat mir nicht gezeigt, was du dort geschrieben hast: Erwähne mich in einer eigenen Nachricht, oder nimm „Ask about this message“ im Menü „Apps“ der Nachricht.
note-quote-withheld = Discord hat mir die Nachricht nicht gezeigt, auf die du geantwortet hast: Nimm „Ask about this message“ in ihrem Menü „Apps“, dann kann ich sie lesen.
queue-full = { $waiting ->
        [one] Hier wartet schon { $waiting } Frage: Frag bitte noch einmal, wenn ich sie beantwortet habe.
       *[other] Hier warten schon { $waiting } Fragen: Frag bitte noch einmal, wenn ich ein paar davon beantwortet habe.
    }
quota-spent = Du hast { $limit ->
        [one] deine eine Frage
       *[other] deine { $limit } Fragen
    } für diese Stunde schon gestellt: Frag bitte { $retry } noch einmal.
guild-not-allowed = Mein Betreiber hat mich für diesen Server nicht freigegeben: Bitte ihn, das zu tun, oder frag mich dort, wo er mich betreibt.
dm-not-allowed = Mein Betreiber lässt mich Direktnachrichten nur für Mitglieder seiner eigenen Server beantworten: Tritt bitte einem davon bei, oder frag dort.
restarting = Ich werde gerade neu gestartet: Frag bitte in einer Minute noch einmal.
try-later = Ich konnte nicht herausfinden, ob du hier fragen darfst: Bitte versuch es in einer Minute noch einmal.
hint-cannot-write = Ich darf in diesem Kanal nicht von mir aus schreiben, sondern nur auf Slash-Befehle antworten: Ein Admin kann mir hier „View Channel“ und „Send Messages“ erlauben.

reka-auth = Ich kann mich gerade nicht bei Reka anmelden: Sag bitte meinem Betreiber, dass die Reka-Sitzung erneuert werden muss.
reka-busy = Bei Reka ist gerade sehr viel los: Versuch es bitte in einer Minute noch einmal.
reka-busy-until = Bei Reka ist gerade sehr viel los: Versuch es bitte { $retry } noch einmal.
reka-quota = Das Guthaben für Reka ist aufgebraucht: Sag das bitte meinem Betreiber.
reka-silent = Reka ist verstummt: Versuch es bitte noch einmal.
reka-down = Ich kann Reka gerade nicht erreichen: Versuch es bitte in einer Minute noch einmal.
reka-odd = Reka hat eine Antwort geschickt, die ich nicht lesen konnte: Versuch es bitte noch einmal.
reka-refused = Reka wollte diese Frage nicht annehmen: Frag bitte anders oder kürzer.
reka-filtered = Der Inhaltsfilter von Reka hat diese Antwort angehalten: Frag bitte anders.
unexpected = Bei mir ist etwas schiefgegangen, und es steht in meinem Log: Versuch es bitte noch einmal.
memory-unavailable = Ich komme gerade nicht an mein Gedächtnis heran: Versuch es bitte in einer Minute noch einmal.
discord-refused = Discord wollte diese Antwort nicht zeigen: Bitte frag anders.

thinking = Denkt nach …
rest-in-file = Die ganze Antwort steht in der angehängten Datei.
thought-in-file = Alle diese Gedanken stehen in der angehängten Datei.
thought-gone = Diese Gedanken habe ich nicht mehr: Ich behalte sie höchstens eine Stunde, und bei einem Neustart gehen sie verloren.

note-broke-off = Die Antwort ist hier abgebrochen. { $why }
note-too-long = Ich höre hier auf: Diese Antwort hat ihre Grenze von { $limit } Zeichen erreicht. Bitte mich weiterzumachen, wenn du mehr willst.
note-too-slow = Ich höre hier auf: Diese Antwort hat länger als { $minutes ->
        [one] { $minutes } Minute
       *[other] { $minutes } Minuten
    } gedauert. Bitte mich weiterzumachen, wenn du mehr willst.
note-token-ending = Ich höre hier auf: Discord lässt mich nur 15 Minuten lang auf einen Befehl antworten. Bitte mich weiterzumachen, wenn du mehr willst.
note-pictures-refused = Ich habe ohne Bilder dieser Unterhaltung geantwortet, die Reka nicht annehmen wollte.
note-restarted = Ich wurde mitten in dieser Antwort neu gestartet: Versuch es bitte noch einmal.
note-at-models-limit = Ich höre hier auf: Diese Antwort hat die Grenze des Modells erreicht.
note-only-thought = Ich habe darüber nur nachgedacht und bin zu keiner Antwort gekommen.

button-try-again = Noch einmal
button-go-on = Weiter
button-thinking = Gedanken zeigen
again-not-yours = Nur wer gefragt hat oder hier Nachrichten verwaltet, kann das noch einmal versuchen.
again-running = Ich bin schon dabei, oder die Antwort ist schon da.
again-forgotten = Ich erinnere mich nicht mehr an diese Frage: Stell sie bitte neu.

reset-done = Erledigt: Ich habe diese Unterhaltung vergessen, und wir fangen neu an.
reset-nothing = Es gab nichts zu vergessen: Wir fangen neu an.

operator-only = Dieser Befehl ist für meinen Betreiber: Frag mich gern etwas anderes.
operator-synced = Discord hat jetzt diese Befehle von mir: { $names }.
operator-sync-failed = Discord hat meine Befehle nicht angenommen ({ $why }): Bitte versuch es in einer Minute noch einmal.
operator-reloaded = Neu geladen: { $names }.
operator-reload-failed = { $name } ließ sich nicht neu laden ({ $why }) und läuft weiter wie bisher: Mehr steht in meinem Log.

file-too-many = Ich habe { $limit ->
        [one] nur das erste Bild
       *[other] die ersten { $limit } Bilder
    } angesehen; weggelassen: { $names }.
file-too-large = Ich habe { $name } weggelassen: Die Datei ist größer als { $limit_mib } MiB.
file-not-picture = Ich habe { $name } weggelassen: Ich kann nur Bilder in PNG, JPEG, WebP und GIF ansehen.
file-broken = Ich habe { $name } weggelassen: Die Datei ist beschädigt, oder das Bild ist zu groß zum Öffnen.
file-refused = Ich habe { $name } weggelassen: Reka wollte die Datei nicht annehmen.
file-gone = Ich habe { $name } weggelassen: Discord hat die Datei nicht mehr, häng sie bitte noch einmal an.
file-unreachable = Ich habe { $name } weggelassen: Ich konnte die Datei nicht herunterladen, häng sie bitte noch einmal an.
file-forbidden-host = Ich habe { $name } weggelassen: Ich lade Dateien nur von Discord herunter.

about-question = Bitte erkläre diese Nachricht.
go-on-question = Bitte mach genau da weiter, wo du aufgehört hast, in derselben Sprache.

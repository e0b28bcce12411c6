# The sentences of en-US.ftl in Dutch, which says what the values are. Readers are “je”, as in Discord's Dutch.

hint-empty = Vraag me iets: zet je vraag achter mijn naam, stuur me een afbeelding of gebruik /ask.
withheld = Discord heeft me niet laten zien wat je daar schreef: vermeld me in een apart bericht, of gebruik “Ask about this message” in het menu “Apps” van het bericht.
note-quote-withheld = Discord heeft me het bericht waarop je reageerde niet laten zien: gebruik “Ask about this message” in het menu “Apps” van dat bericht, dan kan ik het lezen.
queue-full = { $waiting ->
        [one] Er wacht hier al { $waiting } vraag: vraag het nog eens als ik die heb beantwoord.
       *[other] Er wachten hier al { $waiting } vragen: vraag het nog eens als ik er een paar heb beantwoord.
    }
quota-spent = Je hebt { $limit ->
        [one] je ene vraag
       *[other] je { $limit } vragen
    } voor dit uur al gesteld: vraag het { $retry } nog eens.
guild-not-allowed = Mijn beheerder heeft me niet voor deze server opengesteld: vraag of de server erbij mag, of gebruik me waar ik wel actief ben.
dm-not-allowed = Mijn beheerder laat me alleen privéberichten van leden van de eigen servers beantwoorden: word lid van zo'n server, of stel je vraag daar.
restarting = Ik word net opnieuw opgestart: vraag het over een minuut nog eens.
try-later = Ik kon niet nagaan of je hier vragen mag stellen: probeer het over een minuut opnieuw.
hint-cannot-write = Ik mag in dit kanaal niet uit mezelf schrijven, alleen op slash-opdrachten antwoorden: een beheerder van de server kan me hier “View Channel” en “Send Messages” geven.

reka-auth = Ik kan op dit moment niet inloggen bij Reka: laat mijn beheerder weten dat de Reka-sessie vernieuwd moet worden.
reka-busy = Reka heeft het op dit moment erg druk: probeer het over een minuut nog eens.
reka-busy-until = Reka heeft het op dit moment erg druk: probeer het { $retry } nog eens.
reka-quota = Het tegoed voor Reka is op: laat het mijn beheerder weten.
reka-silent = Reka is stilgevallen: probeer het nog eens.
reka-down = Ik kan Reka op dit moment niet bereiken: probeer het over een minuut nog eens.
reka-odd = Reka stuurde een antwoord dat ik niet kon lezen: probeer het nog eens.
reka-refused = Reka wilde deze vraag niet aannemen: stel hem anders, of korter.
reka-filtered = Het inhoudsfilter van Reka heeft dit antwoord gestopt: stel je vraag anders.
unexpected = Er ging bij mij iets mis, en het staat in mijn logboek: probeer het nog eens.
memory-unavailable = Ik kan nu niet bij mijn geheugen: probeer het over een minuut nog eens.
discord-refused = Discord wilde dit antwoord niet tonen: stel je vraag anders.

thinking = Aan het nadenken…
rest-in-file = Het hele antwoord staat in het bijgevoegde bestand.
thought-in-file = Al deze gedachten staan in het bijgevoegde bestand.
thought-gone = Deze gedachten heb ik niet meer: ik bewaar ze hooguit een uur, en bij een herstart ben ik ze kwijt.

note-broke-off = Het antwoord brak hier af. { $why }
note-too-long = Ik stop hier: dit antwoord heeft de grens van { $limit ->
        [one] { $limit } teken
       *[other] { $limit } tekens
    } bereikt. Vraag me door te gaan als je meer wilt.
note-too-slow = Ik stop hier: dit antwoord heeft langer dan { $minutes ->
        [one] { $minutes } minuut
       *[other] { $minutes } minuten
    } geduurd. Vraag me door te gaan als je meer wilt.
note-token-ending = Ik stop hier: Discord laat me maar 15 minuten op een opdracht antwoorden. Vraag me door te gaan als je meer wilt.
note-pictures-refused = Ik heb geantwoord zonder afbeeldingen uit dit gesprek die Reka niet wilde aannemen.
note-restarted = Ik werd midden in dit antwoord opnieuw opgestart: probeer het nog eens.
note-at-models-limit = Ik stop hier: dit antwoord heeft de grens van het model bereikt.
note-only-thought = Ik heb hier alleen over nagedacht en kwam niet tot een antwoord.

button-try-again = Opnieuw proberen
button-go-on = Doorgaan
button-thinking = Gedachten tonen
again-not-yours = Alleen wie de vraag stelde, of wie hier berichten beheert, kan dit opnieuw proberen.
again-running = Ik ben er al mee bezig, of het antwoord is er al.
again-forgotten = Ik weet deze vraag niet meer: stel hem opnieuw.

reset-done = Klaar: ik ben dit gesprek vergeten, en we beginnen opnieuw.
reset-nothing = Er was niets te vergeten: we beginnen opnieuw.

operator-only = Deze opdracht is voor mijn beheerder: vraag me gerust iets anders.
operator-synced = Discord heeft nu deze opdrachten van mij: { $names }.
operator-sync-failed = Discord heeft mijn opdrachten niet aangenomen ({ $why }): probeer het over een minuut opnieuw.
operator-reloaded = Opnieuw geladen: { $names }.
operator-reload-failed = { $name } kon niet opnieuw worden geladen ({ $why }) en draait door zoals het was: mijn log vertelt meer.

file-too-many = Ik heb { $limit ->
        [one] alleen de eerste afbeelding
       *[other] de eerste { $limit } afbeeldingen
    } bekeken; weggelaten: { $names }.
file-too-large = Ik heb { $name } weggelaten: het bestand is groter dan { $limit_mib } MiB.
file-not-picture = Ik heb { $name } weggelaten: ik kan alleen PNG-, JPEG-, WebP- en GIF-afbeeldingen bekijken.
file-broken = Ik heb { $name } weggelaten: het bestand is beschadigd, of de afbeelding is te groot om te openen.
file-refused = Ik heb { $name } weggelaten: Reka wilde het bestand niet aannemen.
file-gone = Ik heb { $name } weggelaten: Discord heeft het bestand niet meer, dus voeg het opnieuw toe.
file-unreachable = Ik heb { $name } weggelaten: ik kon het bestand niet downloaden, dus voeg het opnieuw toe.
file-forbidden-host = Ik heb { $name } weggelaten: ik download alleen bestanden van Discord.

about-question = Leg dit bericht alsjeblieft uit.
go-on-question = Ga alsjeblieft precies verder waar je gestopt bent, in dezelfde taal.
